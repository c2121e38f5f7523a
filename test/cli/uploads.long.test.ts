import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { latch } from '../gateway/serving.ts';
import { field, filePart, multipart, openUpload } from '../gateway/upload-world.ts';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';
import { startGateway } from './running-gateway.ts';

const MIB = 1_048_576;
const SDL = 'scalar Upload type Query { ready: Boolean } type Mutation { store(file: Upload!): Int }';
const QUERY = 'mutation ($file: Upload!) { store(file: $file) }';
const ONE = { operations: { query: QUERY, variables: { file: null } }, map: { 0: ['variables.file'] } };
const CONFIG = 'file_upload: { enabled: true, max_file_size: 400MiB }\n';

/** A subgraph that answers with the number of bytes that it has got. */
async function counting() {
  const begun = latch();
  const { url } = await fakeSubgraph((req, res) => {
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      begun.open();
    });
    req.on('error', () => {});
    req.on('end', () =>
      res.setHeader('content-type', 'application/json').end(JSON.stringify({ data: { store: bytes } })),
    );
  });
  return { schema: `extend schema @subgraph(url: "${url}")\n${SDL}`, begun: begun.promise };
}

function rssOf(pid: number): number {
  const [, kib = ''] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** Sends a file of zeros, and returns the answer and the largest memory of the processes meanwhile. */
async function sendFile(url: string, mebibytes: number, pids: readonly number[]) {
  const head = Buffer.concat([
    field('operations', JSON.stringify(ONE.operations)),
    field('map', JSON.stringify(ONE.map)),
  ]);
  const part = filePart({ name: '0', content: '' });
  const { answer, req } = openUpload(url);
  const write = (bytes: Buffer) => req.write(bytes) || new Promise((resolve) => req.once('drain', resolve));
  await write(Buffer.concat([head, part.subarray(0, -2)]));
  const piece = Buffer.alloc(MIB);
  let largest = 0;
  for (let sent = 0; sent < mebibytes; sent++) {
    await write(piece);
    if (sent % 10 === 0) largest = Math.max(largest, ...pids.map(rssOf));
  }
  req.end('\r\n--limit-of-the-parts--\r\n');
  return { ...(await answer), largest };
}

test.skipIf(process.platform !== 'linux')(
  'a file of 300 MB passes through the gateway, whose memory stays as it is',
  async () => {
    const { schema } = await counting();
    const { url, pid } = await startGateway(1, { 'schemas/files.graphql': schema }, CONFIG);
    // what the process needs once: code, buffers, a heap of its usual size
    const first = await sendFile(url, 60, [pid]);
    const second = await sendFile(url, 300, [pid]);
    expect(second.body.data.store).toBeGreaterThan(300 * MIB);
    expect(second.largest - first.largest).toBeLessThan(128 * MIB);
  },
);

test('several processes take files, and complete them when they are stopped', async () => {
  const { schema, begun } = await counting();
  const { url, kill, ended, workers } = await startGateway(2, { 'schemas/files.graphql': schema }, CONFIG);
  expect(workers()).toHaveLength(2);
  const whole = multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(MIB) }] });
  const uploads = Array.from({ length: 4 }, () => openUpload(url));
  for (const { write } of uploads) await write(whole.subarray(0, 300_000));
  await begun;
  kill('SIGTERM');
  for (const { write, req } of uploads) {
    await write(whole.subarray(300_000));
    req.end();
  }
  for (const { answer } of uploads) expect((await answer).body.data.store).toBeGreaterThan(MIB);
  expect((await ended).code).toBe(0);
});
