import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { engineOver, folderOf, serveBff } from '../bff/support.ts';
import { FEED_FILES, FEED_SDL, feedRoot } from './feed.ts';
import { emptyFolder, run, saveDocument, startShop, withPackages } from './support.ts';

let tools = '';

beforeAll(async () => {
  tools = await withPackages(['@redocly/cli@2.77.0', '@stoplight/spectral-cli@6.16.3']);
});

/** What Redocly's `recommended` and Spectral's `oas` rules find in a document, warnings among them. */
async function findingsIn(document: string): Promise<unknown[]> {
  writeFileSync(join(tools, 'spectral.json'), '{ "extends": ["spectral:oas"] }');
  const redocly = await run(
    'npx',
    ['redocly', 'lint', '--extends', 'recommended', '--format', 'json', document],
    tools,
  );
  const found = join(emptyFolder(), 'spectral.json');
  const written = ['--format', 'json', '--output', found];
  // It ends with 1 where it finds an error, and has written what it found all the same.
  await run('npx', ['spectral', 'lint', '--ruleset', 'spectral.json', ...written, document], tools).catch(() => {});
  const { problems } = JSON.parse(redocly.slice(redocly.indexOf('{')));
  return [...problems, ...JSON.parse(readFileSync(found, 'utf8'))];
}

test('Redocly and Spectral find nothing in the documents of the demo', async () => {
  const origin = await startShop();
  for (const path of ['/bff/openapi.json', '/bff/mobile/openapi.json', '/bff/web/openapi.json']) {
    const document = join(emptyFolder(), 'openapi.json');
    await saveDocument(origin, path, document);
    expect(await findingsIn(document), path).toEqual([]);
  }
});

test('Redocly and Spectral find nothing in a document with unions, input objects and credentials', async () => {
  const engine = engineOver(FEED_SDL, feedRoot);
  const files = {
    ...FEED_FILES,
    'app/mine.graphql': 'query ($id: ID! @from(claim: "sub")) { find(by: {id: $id}) { id } }',
    'app/keys.graphql': 'query @endpoint(auth: {kinds: ["api_key"]}) { feed { __typename } }',
  };
  const { origin } = await serveBff({ dir: folderOf(files), engine: () => engine });
  const document = join(emptyFolder(), 'openapi.json');
  await saveDocument(origin, '/bff/app/openapi.json', document);
  expect(await findingsIn(document)).toEqual([]);
});

test('what is wrong with a document is found', async () => {
  const document = join(emptyFolder(), 'openapi.json');
  const operation = { operationId: 'x', summary: 'x', security: [], responses: { 200: { description: 'x' } } };
  const broken = { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths: { '/x': { get: operation } } };
  writeFileSync(document, JSON.stringify({ ...broken, servers: [{ url: '/' }] }));
  expect(JSON.stringify(await findingsIn(document))).toMatch(/info-license.*info-contact/s);
});
