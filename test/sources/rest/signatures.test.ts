import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { upload } from '../../gateway/upload-world.ts';
import { verifySignature } from '../signing/verify-signature.ts';
import { gatewayOver } from '../stitched/gateway.ts';

const KEY = 'a secret that has more than thirty-two bytes';
const COVERS = ['@method', '@authority', '@path', '@query', 'content-digest'];

/** An API that says what is wrong with the signature of each call. It fails the first `failures` calls. */
async function strictApi(failures = 0, covers = COVERS) {
  const calls: { line: string; problem: string | undefined; signature: string; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const bytes = Buffer.concat(await request.toArray());
    const now = Math.floor(Date.now() / 1_000);
    const problem = verifySignature(request, bytes, { keys: { gateway: Buffer.from(KEY) }, covers, now });
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
    const signature = String(request.headers.signature);
    calls.push({ line: `${request.method} ${request.url}`, problem, signature, body: String(body) });
    response.setHeader('content-type', 'application/json').statusCode = calls.length <= failures ? 503 : 200;
    response.end(JSON.stringify({ said: problem ?? 'signed' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}

const sdl = (url: string) => `
  extend schema @link(url: "https://specs.apollo.dev/connect/v0.2", import: ["@source", "@connect"])
  extend schema @source(name: "api", http: {baseURL: "${url}"})
  scalar Upload
  type Query { find(text: String): String @connect(source: "api", http: {GET: "/find?q={$args.text}"}, selection: "$.said") }
  type Mutation {
    add(text: String): String
      @connect(source: "api", http: {POST: "/add", headers: [{name: "X-Own", value: "1"}, {name: "Signature", value: "forged"}], body: "text: $args.text"}, selection: "$.said")
    put(file: Upload!): String @connect(source: "api", http: {PUT: "/put", body: "$args.file"}, selection: "$.said")
  }
`;

const signature = (components: readonly string[] = COVERS) => ({
  authentication: {
    subgraph: { subgraphs: { api: { http_message_signature: { key: KEY, key_id: 'gateway', components } } } },
  },
});

test('calls of an API are signed, with and without a body', async () => {
  const { url, calls } = await strictApi();
  const { ask } = await gatewayOver({ api: sdl(url) }, signature([...COVERS, 'x-own', 'content-type']));
  expect(await ask('{ find(text: "a b&c") }')).toEqual({ data: { find: 'signed' } });
  expect(await ask('mutation { add(text: "x") }')).toEqual({ data: { add: 'signed' } });
  expect(calls.map(({ line }) => line)).toEqual(['GET /find?q=a%20b%26c', 'POST /add']);
  expect(calls[1]?.body).toBe('{"text":"x"}');
});

test('the signature covers the body as it is sent, after compression', async () => {
  const { url, calls } = await strictApi();
  const { ask } = await gatewayOver(
    { api: sdl(url) },
    { ...signature(), traffic_shaping: { all: { compression: 'gzip' } } },
  );
  expect(await ask('mutation { add(text: "x") }')).toEqual({ data: { add: 'signed' } });
  expect(calls[0]?.body).toBe('{"text":"x"}');
});

test('each try has a signature of its own', async () => {
  const { url, calls } = await strictApi(1);
  const { ask } = await gatewayOver(
    { api: sdl(url) },
    {
      ...signature(),
      traffic_shaping: { all: { retry: { on: ['gateway_error'], backoff: { base: '0s', max: '0s' } } } },
    },
  );
  expect(await ask('{ find(text: "x") }')).toEqual({ data: { find: 'signed' } });
  expect(calls.map(({ problem }) => problem)).toEqual([undefined, undefined]);
});

test('the settings of all subgraphs do not apply to an API', async () => {
  const { url } = await strictApi();
  const { api } = signature().authentication.subgraph.subgraphs;
  const { ask } = await gatewayOver({ api: sdl(url) }, { authentication: { subgraph: { all: api } } });
  expect(await ask('{ find(text: "x") }')).toEqual({ data: { find: 'no signature' } });
});

test('a file is signed without its content, and is not sent where the signature has to cover it', async () => {
  const covers = COVERS.filter((name) => name !== 'content-digest');
  const { url, calls } = await strictApi(0, covers);
  const parts = {
    operations: { query: 'mutation ($file: Upload!) { put(file: $file) }', variables: { file: null } },
    map: { 0: ['variables.file'] },
    files: [{ name: '0', content: 'x'.repeat(300_000) }],
  };
  const file_upload = { enabled: true };
  const signed = await gatewayOver({ api: sdl(url) }, { ...signature(covers), file_upload });
  expect((await upload(signed.url, parts)).body).toEqual({ data: { put: 'signed' } });
  const digested = await gatewayOver({ api: sdl(url) }, { ...signature(), file_upload });
  const { body } = await upload(digested.url, parts);
  expect(body.errors[0].message).toContain('http_message_signature.components');
  expect(calls).toHaveLength(1);
});
