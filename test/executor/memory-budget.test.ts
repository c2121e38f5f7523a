import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MemoryBudget } from '../../src/executor/memory-budget.ts';
import { OverloadedError } from '../../src/shared/overloaded-error.ts';
import { Cancellation } from '../../src/sources/cancellation.ts';

/** Runs that each take a text, and note when it was their turn. */
function scene(options: { atOnce: number; waiting?: number; onWait?: () => void }) {
  const budget = new MemoryBudget({ waiting: 1_000, ...options });
  const turns: string[] = [];
  const run = (name: string, size: number, signal?: Cancellation) => {
    const ticket = budget.reserve(signal);
    if (ticket.take(size)) turns.push(name);
    else ticket.wait(size, (gone) => turns.push(gone ? `${name} gone` : name));
    return ticket;
  };
  return { run, turns };
}

/** Each turn of the event loop lets one in. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}

describe('the memory that answers may take', () => {
  it('what is too much waits until others have ended, first come, first served', async () => {
    const { run, turns } = scene({ atOnce: 100 });
    const first = run('first', 60);
    run('second', 60);
    run('third', 10);
    await settled();
    expect(turns).toEqual(['first']);
    first.leave();
    await settled();
    expect(turns).toEqual(['first', 'second', 'third']);
  });

  it('an answer that alone is too long goes alone', async () => {
    const { run, turns } = scene({ atOnce: 100 });
    const huge = run('huge', 5_000);
    run('small', 1);
    expect(turns).toEqual(['huge']);
    huge.leave();
    await settled();
    expect(turns).toEqual(['huge', 'small']);
  });

  it('a running operation never waits, because others may wait for its end', async () => {
    const { run, turns } = scene({ atOnce: 100 });
    const first = run('first', 90);
    const second = run('second', 20);
    expect(first.take(500)).toBe(true);
    await settled();
    expect(turns).toEqual(['first']);
    first.leave();
    await settled();
    expect(turns).toEqual(['first', 'second']);
    expect(second.take(500)).toBe(true);
  });

  it('several answers of one run wait together', async () => {
    const { run, turns } = scene({ atOnce: 100 });
    const first = run('first', 100);
    const second = run('second', 40);
    expect(second.take(50)).toBe(false);
    second.wait(50, () => turns.push('second again'));
    first.leave();
    await settled();
    expect(turns).toEqual(['first', 'second', 'second again']);
    // both count: 90 of 100 are taken
    run('third', 20);
    await settled();
    expect(turns).toHaveLength(3);
  });

  it('a client that leaves is out of the queue at once', async () => {
    const { run, turns } = scene({ atOnce: 100 });
    const first = run('first', 100);
    const client = new Cancellation();
    const second = run('second', 100, client);
    run('third', 100);
    client.abort();
    expect(turns).toEqual(['first', 'second gone']);
    second.leave();
    first.leave();
    await settled();
    expect(turns).toEqual(['first', 'second gone', 'third']);
  });

  it('a client that has left already does not queue', () => {
    const { run, turns } = scene({ atOnce: 100 });
    run('first', 100);
    const client = new Cancellation();
    client.abort();
    run('second', 100, client);
    expect(turns).toEqual(['first', 'second gone']);
  });

  it('a run that ends while it waits makes room for the next', async () => {
    const { run, turns } = scene({ atOnce: 100 });
    run('first', 60);
    const second = run('second', 90);
    run('third', 30);
    second.leave();
    await settled();
    expect(turns).toEqual(['first', 'third']);
  });

  it('where too much waits, the next is refused, and what waits is not harmed', async () => {
    const { run, turns } = scene({ atOnce: 100, waiting: 150 });
    const first = run('first', 100);
    run('second', 100);
    expect(() => run('third', 100)).toThrow(OverloadedError);
    first.leave();
    await settled();
    expect(turns).toEqual(['first', 'second']);
  });

  it('tells when the queue begins, not of each that joins it', () => {
    let reported = 0;
    const { run } = scene({ atOnce: 100, onWait: () => reported++ });
    run('first', 100);
    expect(reported).toBe(0);
    run('second', 100);
    run('third', 100);
    expect(reported).toBe(1);
  });

  it('leaving twice gives nothing back twice', async () => {
    const { run, turns } = scene({ atOnce: 100 });
    const first = run('first', 60);
    run('second', 40);
    first.leave();
    first.leave();
    run('third', 61);
    await settled();
    expect(turns).toEqual(['first', 'second']);
  });

  it('what those that are in ask for next may come to twice as much, and more is refused', () => {
    const { run } = scene({ atOnce: 100 });
    const first = run('first', 50);
    const second = run('second', 50);
    expect(first.take(100)).toBe(true);
    expect(() => second.take(1)).toThrow(OverloadedError);
    second.leave();
    // alone it may have all there is
    expect(first.take(10_000)).toBe(true);
  });
});
