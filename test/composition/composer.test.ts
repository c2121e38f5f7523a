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
  const types = Array.from({ length: 300 }, (_, n) => `type T${n} { a(b: Int): String c: T${(n + 1) % 300} }`);
  const dir = await folderWith({
    'a.graphql': `extend schema @subgraph(url: "http://a.test")\ntype Query { a: T0 }\n${types.join('\n')}`,
  });
  const used = composer();
  await used.load({ schemasDir: dir }, {});
  const turnsOf = async (work: Promise<unknown>) => {
    let done = false;
    void work.finally(() => {
      done = true;
    });
    let turns = 0;
    for (; !done; turns++) await new Promise((resolve) => setImmediate(resolve));
    return turns;
  };
  const inThread = await turnsOf(used.load({ schemasDir: dir }, {}));
  const here = await turnsOf(loadSupergraph({ schemasDir: dir }));
  expect(inThread).toBeGreaterThan(10 * here);
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
