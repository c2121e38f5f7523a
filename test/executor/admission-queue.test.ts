import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AdmissionQueue } from '../../src/executor/admission-queue.ts';
import { compilePlan } from '../../src/executor/compile.ts';
import { executePlan } from '../../src/executor/execute-plan.ts';
import { doLater } from '../../src/shared/turns.ts';
import type { Source, SubgraphResponse } from '../../src/sources/source.ts';
import { planner } from '../planner/plan.ts';

const HEAVY = 100_000;

function scene() {
  const queue = new AdmissionQueue();
  const begun: number[] = [];
  const enter = (...runs: number[]) => {
    for (const run of runs) queue.enter(HEAVY, () => begun.push(run));
  };
  return { queue, begun, enter };
}

describe('heavy runs', () => {
  it('begin at once while few are under way', () => {
    const { begun, enter } = scene();
    enter(1, 2, 3);
    expect(begun).toEqual([1, 2, 3]);
  });

  it('then begin one in each turn of the event loop, in the order in which they came', async () => {
    const { begun, enter } = scene();
    enter(1, 2, 3, 4, 5, 6);
    expect(begun).toEqual([1, 2, 3]);
    await setImmediate();
    expect(begun).toEqual([1, 2, 3, 4]);
    enter(7);
    await setImmediate();
    expect(begun).toEqual([1, 2, 3, 4, 5]);
    await setImmediate();
    await setImmediate();
    expect(begun).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('do not begin while responses wait to be parsed', async () => {
    const { begun, enter } = scene();
    enter(1, 2, 3, 4, 5);
    let parsed = 0;
    const parse = () => {
      parsed += 1;
      // goes on in the next turn
      if (parsed < 5) doLater(parse);
      return false;
    };
    doLater(parse);
    while (parsed < 5) {
      expect(begun).toEqual([1, 2, 3]);
      await setImmediate();
    }
    while (begun.length < 5) await setImmediate();
    expect(begun).toEqual([1, 2, 3, 4, 5]);
  });

  it('begin although none ends: others may wait long for their subgraphs', async () => {
    const { begun, enter } = scene();
    const runs = [...Array(50).keys()];
    enter(...runs);
    for (const _ of runs) await setImmediate();
    expect(begun).toEqual(runs);
  });

  it('begin at once again when those under way have ended', async () => {
    const { queue, begun, enter } = scene();
    enter(1, 2, 3);
    for (let i = 0; i < 3; i++) queue.leave(HEAVY);
    enter(4);
    expect(begun).toEqual([1, 2, 3, 4]);
  });

  it('that end as soon as they begin leave nothing behind', async () => {
    const { queue, begun, enter } = scene();
    for (let i = 0; i < 10; i++) {
      queue.enter(HEAVY, () => {
        begun.push(i);
        queue.leave(HEAVY);
      });
    }
    enter(10);
    expect(begun).toEqual([...Array(11).keys()]);
  });
});

describe('runs of a plan', () => {
  /** A plan whose answers are let go by the test. */
  function world() {
    const { stages, supergraph } = planner({ all: 'type Query { text: String other: String }' });
    const compile = (query: string) => compilePlan(stages(query).plan, supergraph);
    const known = compile('{ text }');
    const asked: ((answer: SubgraphResponse) => void)[] = [];
    const all: Source = {
      name: 'all',
      send: (_, done) => void asked.push(done),
      close: () => Promise.resolve(),
    };
    const admissionQueue = new AdmissionQueue();
    const run = (compiled = known) => {
      const client = { requestId: 'test', headers: {} };
      const introspected = new Map<string, string>();
      return executePlan(compiled, {
        supergraph,
        sources: new Map([['all', all]]),
        client,
        variables: {},
        introspected,
        admissionQueue,
      });
    };
    const answer = (text: string) => {
      for (const done of asked.splice(0)) done({ kind: 'text', status: 200, text: JSON.stringify({ data: { text } }) });
    };
    return { run, compile, asked, answer };
  }

  it('are heavy when the one before was, and make room when they end', async () => {
    const { run, asked, answer } = world();
    const long = 'x'.repeat(HEAVY);
    // what nobody has seen yet is taken for light
    const first = [run(), run(), run(), run(), run()];
    expect(asked).toHaveLength(5);
    answer(long);
    await Promise.all(first);
    const second = [run(), run(), run(), run(), run()];
    expect(asked).toHaveLength(3);
    answer(long);
    await setImmediate();
    await setImmediate();
    expect(asked).toHaveLength(2);
    answer('short');
    expect((await Promise.all(second)).map(({ dataText }) => (dataText ?? '').length > HEAVY)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    // the last one was short
    const third = [run(), run(), run(), run(), run()];
    expect(asked).toHaveLength(5);
    answer(long);
    await Promise.all(third);
    // all room has been given back
    void [run(), run(), run(), run()];
    expect(asked).toHaveLength(3);
  });

  it('of a new plan are as heavy as the last one of another plan with the same root field', async () => {
    const { run, compile, asked, answer } = world();
    const first = run();
    answer('x'.repeat(HEAVY));
    await first;
    for (const query of ['{ again: text }', '{ text other }']) {
      const second = [1, 2, 3, 4, 5].map(() => run(compile(query)));
      expect(asked).toHaveLength(3);
      while (asked.length > 0) {
        answer('x'.repeat(HEAVY));
        await setImmediate();
        await setImmediate();
      }
      await Promise.all(second);
    }
    void [1, 2, 3, 4, 5].map(() => run(compile('{ other }')));
    expect(asked).toHaveLength(5);
  });

  it('that fail give back their room as well', async () => {
    const { run, asked, answer } = world();
    const first = run();
    answer('x'.repeat(HEAVY));
    await first;
    for (let round = 0; round < 3; round++) {
      const failing = [run(), run(), run()];
      expect(asked).toHaveLength(3);
      for (const done of asked.splice(0)) done({ kind: 'text', status: 200, text: 'x'.repeat(HEAVY) });
      for (const { errors } of await Promise.all(failing)) expect(errors).toHaveLength(1);
    }
  });
});
