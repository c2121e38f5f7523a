import { expect, test } from 'vitest';
import { type PrimarySchemaOptions, primarySchema } from '../../src/cli/primary-schema.ts';
import type { SchemaChange } from '../../src/cli/process-calls.ts';
import {
  CompositionError,
  type SupergraphListener,
  type SupergraphProvider,
  type SupergraphUpdate,
} from '../../src/composition/supergraph-provider.ts';
import { supergraphId } from '../../src/gateway/supergraph-id.ts';

const PROBLEM = { file: 'schemas/a.graphql', line: 1, column: 1, code: 'INVALID_GRAPHQL', message: 'Expected Name.' };

function primary(first: () => Promise<SupergraphUpdate>, options: Partial<PrimarySchemaOptions> = {}) {
  const announced: SchemaChange[] = [];
  const loads = { count: 0 };
  let listener: SupergraphListener | undefined;
  const provider: SupergraphProvider = {
    load() {
      loads.count++;
      return first();
    },
    async watch(on) {
      listener = on;
      return { close: async () => {} };
    },
  };
  const schema = primarySchema(provider, { announce: (change) => void announced.push(change), ...options });
  const get = () => schema.handlers.getSupergraph(undefined);
  return { schema, get, announced, loads, listener: () => listener };
}

test('the schema is loaded once for all workers, and each change is announced', async () => {
  const { schema, get, announced, loads, listener } = primary(async () => ({ sdl: 'one' }));
  expect(await Promise.all([get(), get(), get()])).toEqual(Array(3).fill({ ok: true, update: { sdl: 'one' } }));
  expect(loads.count).toBe(1);
  await schema.watch();
  await listener()?.update({ sdl: 'two' });
  listener()?.problems([PROBLEM]);
  listener()?.pathEvent?.('gone', 'schemas');
  expect(announced).toEqual([
    { ok: true, update: { sdl: 'two' } },
    { ok: false, problems: [PROBLEM] },
    { event: 'gone', path: 'schemas', reason: undefined },
  ]);
  // a worker that starts later serves the last good one
  expect(await get()).toEqual({ ok: true, update: { sdl: 'two' } });
});

test('a worker that starts later gets the schema before the one that the others cannot serve', async () => {
  const { schema, get, listener } = primary(async () => ({ sdl: 'one' }));
  await schema.watch();
  await listener()?.update({ sdl: 'two' });
  schema.refused(supergraphId('another'));
  expect(await get()).toEqual({ ok: true, update: { sdl: 'two' } });
  schema.refused(supergraphId('two'));
  expect(await get()).toEqual({ ok: true, update: { sdl: 'one' } });
  await listener()?.update({ sdl: 'three' });
  schema.refused(supergraphId('two'));
  expect(await get()).toEqual({ ok: true, update: { sdl: 'three' } });
  schema.refused(supergraphId('three'));
  expect(await get()).toEqual({ ok: true, update: { sdl: 'one' } });
});

test('without a good schema, workers get the problems', async () => {
  const composed = primary(() => Promise.reject(new CompositionError([PROBLEM])));
  expect(await composed.get()).toEqual({ ok: false, problems: [PROBLEM] });
  const failed = primary(() => Promise.reject(new Error('no memory')));
  expect(await failed.get()).toMatchObject({ ok: false, problems: [{ message: 'no memory' }] });
});

test('a worker that starts during a canary gets both supergraphs, and afterwards the one that serves all clients', async () => {
  const { schema, get, listener } = primary(async () => ({ sdl: 'one' }), { canaryMs: 1_000_000 });
  await schema.watch();
  await listener()?.update({ sdl: 'two' });
  expect(await get()).toEqual({ ok: true, update: { sdl: 'one' }, canary: { sdl: 'two' } });
  schema.endCanary({ action: 'roll_back', reason: 'errors' });
  expect(await get()).toEqual({ ok: true, update: { sdl: 'one' } });
  await listener()?.update({ sdl: 'three' });
  const undo = schema.endCanary({ action: 'promote', reason: 'time' });
  expect(await get()).toEqual({ ok: true, update: { sdl: 'three' } });
  undo?.();
  expect(await get()).toEqual({ ok: true, update: { sdl: 'one' } });
  expect(schema.endCanary({ action: 'promote', reason: 'again' })).toBeUndefined();
});

test('the current supergraph again ends a canary', async () => {
  const { schema, get, listener } = primary(async () => ({ sdl: 'one' }), { canaryMs: 1_000_000 });
  await schema.watch();
  await listener()?.update({ sdl: 'two' });
  await listener()?.update({ sdl: 'one' });
  expect(await get()).toEqual({ ok: true, update: { sdl: 'one' } });
});

test('the time of a canary is over in all workers at once', async () => {
  const { schema, get, listener } = primary(async () => ({ sdl: 'one' }), {
    canaryMs: 1,
    onCanaryOver: (end) => void schema.endCanary(end),
  });
  await schema.watch();
  await listener()?.update({ sdl: 'two' });
  await expect.poll(get).toEqual({ ok: true, update: { sdl: 'two' } });
});
