import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { createComposer } from '../../src/composition/composer.ts';
import { loadSupergraph } from '../../src/composition/load-supergraph.ts';
import { folderWith, SHOP } from './folder.ts';

function composer(startThread?: () => Worker) {
  const created = createComposer(startThread);
  onTestFinished(() => created.close());
  return created;
}

/** A thread that runs some code instead of the composer. */
const threadOf = (code: string) => () => new Worker(code, { eval: true });

test('the thread composes what this thread would', async () => {
  const dir = await folderWith(SHOP);
  const expected = await loadSupergraph({ schemasDir: dir });
  const { load } = boundTo(composer());
  expect(await load(dir)).toEqual(expected);
  await writeFile(join(dir, 'products.graphql'), 'type {');
  expect(await load(dir)).toEqual(await loadSupergraph({ schemasDir: dir }));
});

test('variables of the caller are those of the thread', async () => {
  const dir = await folderWith({ 'a.graphql': `extend schema @subgraph(url: "\${SHOP_URL}")\ntype Query { a: Int }` });
  const loaded = await composer().load({ schemasDir: dir }, { SHOP_URL: 'http://shop.test' });
  expect(loaded).toMatchObject({ ok: true, update: { sdl: expect.stringContaining('http://shop.test') } });
});

test('this thread is free while the other composes', async () => {
  const held = new Int32Array(new SharedArrayBuffer(4));
  const code = 'Atomics.wait(require("node:worker_threads").workerData, 0, 0); throw new Error("held no longer");';
  const loading = composer(() => new Worker(code, { eval: true, workerData: held })).load(
    { schemasDir: 'schemas' },
    {},
  );
  for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
  Atomics.store(held, 0, 1);
  Atomics.notify(held, 0);
  expect(JSON.stringify(await loading)).toContain('held no longer');
});

test('a newer load cancels the one before', async () => {
  const dir = await folderWith(SHOP);
  const { load } = boundTo(composer());
  const [first, second] = await Promise.all([load(dir), load(dir)]);
  expect(first).toBeUndefined();
  expect(second).toMatchObject({ ok: true });
});

test('closing ends a load', async () => {
  const used = composer(threadOf('setInterval(() => {}, 1000)'));
  const loading = used.load({ schemasDir: 'schemas' }, {});
  await used.close();
  expect(await loading).toBeUndefined();
});

test.each([
  ['throws', 'throw new Error("out of order")', 'out of order'],
  ['ends', 'process.exit(3)', 'the thread ended with exit code 3'],
])('a thread that %s is a problem of the composition, and the next load starts another', async (_, code, message) => {
  const dir = await folderWith(SHOP);
  let threads = 0;
  const used = composer(() => {
    threads++;
    return threadOf(code)();
  });
  for (const expected of [1, 2]) {
    const loaded = await used.load({ schemasDir: dir }, {});
    expect(loaded).toMatchObject({ ok: false, problems: [{ file: dir, code: 'COMPOSITION_FAILED' }] });
    expect(JSON.stringify(loaded)).toContain(message);
    expect(threads).toBe(expected);
  }
});

test('a thread that needs too much memory is a problem with advice', async () => {
  const code = 'const all = []; for (;;) all.push(new Array(10_000).fill({}));';
  const used = composer(() => new Worker(code, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16 } }));
  const loaded = await used.load({ schemasDir: 'schemas' }, {});
  expect(loaded).toMatchObject({ ok: false, problems: [{ hint: expect.stringContaining('--max-old-space-size') }] });
});

function boundTo(used: ReturnType<typeof createComposer>) {
  return { load: (schemasDir: string) => used.load({ schemasDir }, {}) };
}
