import { describe, expect, it } from 'vitest';
import { runInSlices } from '../../src/shared/steps.ts';
import { createWorld } from '../worlds/world.ts';

/** Work of so many steps, each of which takes a millisecond of the clock that comes with it. */
function work(steps: number) {
  let time = 0;
  const taken = { now: () => time, turns: 0 };
  function* run(): Generator<void, string> {
    for (let step = 0; step < steps; step++) {
      time += 1;
      yield;
    }
    return 'done';
  }
  return { steps: run(), ...taken };
}

/** How often others have their turn on the event loop before a promise is settled. */
async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  let open = true;
  void promise.finally(() => {
    open = false;
  });
  let turns = 0;
  while (open) {
    await new Promise((resolve) => setImmediate(resolve));
    turns += 1;
  }
  return turns;
}

describe('work in slices', () => {
  it('is done at once where it is short', () => {
    const { steps, now } = work(10);
    expect(runInSlices(steps, now)).toBe('done');
  });

  it('lets others have their turn where it is long', async () => {
    const { steps, now } = work(200);
    const done = runInSlices(steps, now);
    expect(done).toBeInstanceOf(Promise);
    // sixteen milliseconds pass between two looks at the clock, and a slice is half of that
    expect(await turnsUntil(done as Promise<string>)).toBeGreaterThanOrEqual(200 / 16 - 1);
    expect(await done).toBe('done');
  });

  it('fails as its steps do, at once or later', async () => {
    function* failing(after: number): Generator<void, never> {
      for (let step = 0; step < after; step++) yield;
      throw new Error('too much');
    }
    let time = 0;
    expect(() => runInSlices(failing(0))).toThrow('too much');
    await expect(runInSlices(failing(100), () => (time += 100))).rejects.toThrow('too much');
  });
});

describe('a very wide operation', () => {
  const { query } = createWorld({
    subgraphs: {
      shelves: {
        typeDefs: `
          type Query { item(id: ID!): Item }
          type Item @key(fields: "id") { id: ID! name: String }`,
        resolvers: { Query: { item: (_: unknown, { id }: { id: string }) => ({ id, name: `item ${id}` }) } },
      },
      stock: {
        typeDefs: 'type Item @key(fields: "id") { id: ID! left: Int }',
        resolvers: { Item: { __resolveReference: ({ id }: { id: string }) => ({ id, left: Number(id) }) } },
      },
    },
  });
  const aliases = Array.from({ length: 1_500 }, (_, n) => `a${n}: item(id: ${n}) { name left }`);

  it('is planned once for all who ask at the same time, and answered', async () => {
    const answers = await Promise.all([query(`{ ${aliases.join(' ')} }`), query(`{ ${aliases.join(' ')} }`)]);
    for (const { data } of answers) {
      expect(Object.keys(data)).toHaveLength(1_500);
      expect(data.a1499).toEqual({ name: 'item 1499', left: 1499 });
    }
  });

  it('that is too large is refused also when that turns out later', async () => {
    const many = Array.from({ length: 2_100 }, (_, n) => `a${n}: item(id: ${n}) { name left }`);
    for (let time = 0; time < 2; time++) {
      const { dataText, errors } = await query(`{ ${many.join(' ')} }`);
      expect(dataText).toBeUndefined();
      expect(errors[0]?.message).toContain('more than 2000 places to read objects at');
    }
  });
});
