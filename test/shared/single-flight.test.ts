import { describe, expect, it } from 'vitest';
import { AbortableSingleFlight, type AbortableWork, SingleFlight } from '../../src/shared/single-flight.ts';

/** Work that ends when the test says so, and counts how often it was begun and given up. */
function heldWork() {
  const begun: Held<string>[] = [];
  let aborted = 0;
  const begin = () => {
    const held = deferred<string>();
    begun.push(held);
    return held.promise;
  };
  const abortable = (): AbortableWork & { readonly result: Promise<string> } => ({
    result: begin(),
    abort: () => void aborted++,
  });
  return { begun, begin, abortable, aborted: () => aborted };
}

interface Held<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function deferred<T>(): Held<T> {
  let [resolve, reject]: [(value: T) => void, (error: Error) => void] = [() => {}, () => {}];
  const promise = new Promise<T>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  return { promise, resolve, reject };
}

describe('work of one key', () => {
  it('is begun once for all who ask while it is under way', async () => {
    const { begun, begin } = heldWork();
    const flights = new SingleFlight<string>();
    const both = [flights.run('a', begin), flights.run('a', begin)];
    expect([begun.length, flights.size, flights.has('a')]).toEqual([1, 1, true]);
    begun[0]?.resolve('done');
    expect(await Promise.all(both)).toEqual(['done', 'done']);
  });

  it('is begun anew when it is over, also after a failure', async () => {
    const { begun, begin } = heldWork();
    const flights = new SingleFlight<string>();
    const first = flights.run('a', begin);
    begun[0]?.reject(new Error('no luck'));
    await expect(first).rejects.toThrow('no luck');
    expect(flights.has('a')).toBe(false);
    const second = flights.run('a', begin);
    begun[1]?.resolve('done');
    expect(await second).toBe('done');
  });

  it('is not shared with another key', () => {
    const { begun, begin } = heldWork();
    const flights = new SingleFlight<string>();
    void flights.run('a', begin);
    void flights.run('b', begin);
    expect(begun.length).toBe(2);
  });

  it('that cannot be begun leaves nothing behind', () => {
    const flights = new SingleFlight<string>();
    const fail = () => {
      throw new Error('not begun');
    };
    expect(() => flights.run('a', fail)).toThrow('not begun');
    expect(flights.has('a')).toBe(false);
  });
});

describe('work that can be aborted', () => {
  it('goes on while somebody waits, and is aborted when the last one leaves', () => {
    const { begun, abortable, aborted } = heldWork();
    const flights = new AbortableSingleFlight();
    const [first, second] = [flights.join('a', abortable), flights.join('a', abortable)];
    expect([begun.length, first.work === second.work]).toEqual([1, true]);
    first.leave();
    expect([aborted(), flights.has('a')]).toEqual([0, true]);
    second.leave();
    expect([aborted(), flights.has('a')]).toEqual([1, false]);
  });

  it('is joined by nobody once it is given up: the next one begins anew', () => {
    const { begun, abortable, aborted } = heldWork();
    const flights = new AbortableSingleFlight();
    flights.join('a', abortable).leave();
    const next = flights.join('a', abortable);
    expect([begun.length, aborted()]).toEqual([2, 1]);
    next.leave();
    expect(aborted()).toBe(2);
  });

  it('is free for the next when it is over', async () => {
    const { begun, abortable } = heldWork();
    const flights = new AbortableSingleFlight<ReturnType<typeof abortable>>();
    const { work } = flights.join('a', abortable);
    begun[0]?.resolve('done');
    expect(await work.result).toBe('done');
    await Promise.resolve();
    expect(flights.has('a')).toBe(false);
  });

  it('without a key is shared with nobody', () => {
    const { begun, abortable, aborted } = heldWork();
    const flights = new AbortableSingleFlight();
    const [first] = [flights.join(undefined, abortable), flights.join(undefined, abortable)];
    expect(begun.length).toBe(2);
    first.leave();
    expect(aborted()).toBe(1);
  });

  it('that is not valid any more is replaced; those who wait for it keep it', () => {
    const { begun, abortable, aborted } = heldWork();
    const flights = new AbortableSingleFlight();
    const old = flights.join('a', abortable, () => false);
    const replaced = flights.join('a', abortable, () => false);
    expect([begun.length, old.work === replaced.work]).toEqual([2, false]);
    old.leave();
    expect([aborted(), flights.has('a')]).toEqual([1, true]);
    expect(flights.join('a', abortable, () => true).work).toBe(replaced.work);
  });
});
