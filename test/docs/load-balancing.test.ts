import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { checkSettings } from '../../src/gateway/check-settings.ts';
import { createHttpSource } from '../../src/sources/http/http-source.ts';
import { requestSigner } from '../../src/sources/http/signing/sign-request.ts';
import { PROGRAMS } from '../programs.ts';
import { certificates } from '../sources/certificates.ts';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/load-balancing.md'), 'utf8');

function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text as string);
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-docs-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

describe.skipIf(!PROGRAMS.openssl)('the examples in docs/load-balancing.md', () => {
  const { at } = certificates('gateway');
  const examples = blocks('yaml');

  it('are found', () => {
    expect(examples.length).toBeGreaterThanOrEqual(10);
    expect(examples.filter((text) => text.includes('client_authentication')).length).toBe(1);
  });

  it.each(examples.map((text) => [text.split('\n').slice(0, 3).join(' '), text]))('%s … is good', async (_, text) => {
    const dir = folder();
    for (const file of ['ca.pem', 'gateway.pem', 'gateway.key']) copyFileSync(at(file), join(dir, file));
    writeFileSync(join(dir, 'signing.key'), 'a secret of at least thirty-two bytes\n');
    writeFileSync(join(dir, 'headgate.yaml'), text.replaceAll('/etc/headgate/', `${dir}/`));
    expect(await checkSettings(loadConfig({ file: join(dir, 'headgate.yaml'), env: {} }))).toEqual([]);
  });
});

describe('the check of a signature in docs/load-balancing.md', () => {
  it('accepts what the gateway has signed, and nothing else', async () => {
    const file = join(folder(), 'check.mjs');
    const [code = ''] = blocks('js');
    writeFileSync(file, code);
    const { isFromGateway } = await import(/* @vite-ignore */ pathToFileURL(file).href);
    const key = 'a secret of at least thirty-two bytes';
    const found: boolean[][] = [];
    const { url } = await fakeSubgraph(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      found.push([
        isFromGateway(request, body, key),
        isFromGateway(request, Buffer.from('{}'), key),
        isFromGateway({ ...request, headers: request.headers, method: 'PUT', url: request.url }, body, key),
        isFromGateway(request, body, 'another key'),
      ]);
      response.end('{"data":{}}');
    });
    const section = ['@method', '@authority', '@path', '@query', 'content-type', 'content-digest', 'authorization'];
    const forward = () => ({ pairs: ['authorization', 'Bearer abc'], sharingKey: '' });
    const ask = async (components: string[], now?: () => number) => {
      const sign = requestSigner(
        { components, key_id: 'gateway-1', expires_in: undefined },
        () => Buffer.from(key),
        now,
      );
      const source = createHttpSource({ name: 'products', url: `${url}?a=1`, sign, forward });
      const client = { requestId: 'r', headers: {} };
      await new Promise((done) => source.send({ body: '{"query":"{ ü }"}', operationType: 'query', client }, done));
      await source.close();
      return found.at(-1);
    };
    expect(await ask(section)).toEqual([true, false, false, false]);
    expect(await ask(section.slice(0, -1))).toEqual([true, false, false, false]);
    expect(await ask(['@method'])).toEqual([false, false, false, false]);
    expect(await ask(section, () => Math.floor(Date.now() / 1_000) - 60)).toEqual([false, false, false, false]);
  });
});
