import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { StartQueue } from '../../src/executor/start-queue.ts';

const HEAVY = 100_000;

function scene() {
  const queue = new StartQueue();
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
