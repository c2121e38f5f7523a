import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { initRest } from '../../src/cli/init-rest.ts';
import { folderWith } from '../composition/folder.ts';
import { json, stubApi, text } from '../sources/rest/stub-api.ts';

const PETS = {
  openapi: '3.0.0',
  servers: [{ url: '/v2' }],
  paths: {
    '/pets': {
      get: {
        operationId: 'pets',
        responses: { '200': { content: { 'application/json': { schema: { type: 'string' } } } } },
      },
    },
  },
};

test('a document behind a URL becomes a file, whose source is named as the file', async () => {
  const api = await stubApi(() => PETS);
  const out = join(await folderWith({}), 'pet-shop.graphql');
  await initRest({ openapi: `${api.url}/docs/openapi.json?v=1`, out });
  const sdl = await readFile(out, 'utf8');
  expect(sdl).toContain('name: "pet-shop"');
  expect(sdl).toContain(`baseURL: "\${PET_SHOP_URL:-${api.url}/v2}"`);
});

test('a byte order mark before the document is skipped', async () => {
  const dir = await folderWith({
    'a.json': `\ufeff${JSON.stringify(PETS)}`,
    'b.yaml': '\ufeffopenapi: 3.0.0\npaths: {}',
  });
  await initRest({ openapi: join(dir, 'a.json'), out: join(dir, 'a.graphql') });
  expect(await readFile(join(dir, 'a.graphql'), 'utf8')).toContain('GET: "/pets"');
  const empty = initRest({ openapi: join(dir, 'b.yaml'), out: join(dir, 'b.graphql') });
  await expect(empty).rejects.toThrow('has no operation with JSON requests and responses');
});

test('where the document does not name the host of the API, the message says what to set', async () => {
  const dir = await folderWith({ 'pets.json': JSON.stringify(PETS) });
  const said: string[] = [];
  const error = vi.spyOn(console, 'error').mockImplementation((line: string) => void said.push(line));
  onTestFinished(() => error.mockRestore());
  await initRest({ openapi: join(dir, 'pets.json'), out: join(dir, 'pets.graphql') });
  expect(said).toEqual(['The document does not name the host of the API: set `baseURL` in the file, or PETS_URL.']);
  const named = { ...PETS, servers: [{ url: 'https://pets.example/v2' }] };
  await writeFile(join(dir, 'named.json'), JSON.stringify(named));
  await initRest({ openapi: join(dir, 'named.json'), out: join(dir, 'named.graphql') });
  expect(said).toHaveLength(1);
});

test('a file that is there already is left as it is', async () => {
  const dir = await folderWith({ 'a.graphql': 'mine', 'a.json': JSON.stringify(PETS) });
  const flags = { openapi: join(dir, 'a.json'), out: join(dir, 'a.graphql') };
  await expect(initRest(flags)).rejects.toThrow('a.graphql exists already. Name another file with --out.');
  expect(await readFile(flags.out, 'utf8')).toBe('mine');
});

test.each([
  ['{', 'is neither JSON nor YAML'],
  ['a: [', 'is neither JSON nor YAML'],
  ['just words', 'is not an OpenAPI document'],
  ['swagger: "2.0"', 'This is not an OpenAPI 3 document.'],
])('%j is no document', async (document, message) => {
  const openapi = join(await folderWith({ 'a.yaml': document }), 'a.yaml');
  await expect(initRest({ openapi })).rejects.toThrow(message);
});

test('documents that cannot be had', async () => {
  const api = await stubApi(({ url }) => (url === '/none' ? json(404, {}) : text(200, 'text/plain', 'x')));
  await expect(initRest({ openapi: `${api.url}/none` })).rejects.toThrow('responded with HTTP status 404');
  await expect(initRest({ openapi: 'http://127.0.0.1:1/x' })).rejects.toThrow('cannot be fetched');
  await expect(initRest({ openapi: 'none.yaml' })).rejects.toThrow('file not found: none.yaml');
});
