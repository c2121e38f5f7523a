import { describe, expect, it } from 'vitest';
import type { CacheEntry } from '../../src/cache/entry.ts';
import { MemoryStore } from '../../src/cache/memory-store.ts';

const entry = (text: string, tags: readonly string[] = []): CacheEntry => ({
  ...{ text, storedAt: 0, tookMs: 0, freshUntil: 100, staleUntil: 100, errorUntil: 100 },
  ...{ isPrivate: false, tags, mayHaveLongNumbers: true },
});
const moment = { local: 0 };
/** A text that takes about a kilobyte. */
const KILOBYTE = 'x'.repeat(350);

describe('the store in memory', () => {
  it('drops the least recently used first', () => {
    const store = new MemoryStore({ maxBytes: 10_000, now: () => 0 });
    for (let i = 0; i < 15; i++) store.set([[`k${i}`, entry(KILOBYTE)]], moment);
    expect([store.getOne('k0'), store.getOne('k14')?.text]).toEqual([undefined, KILOBYTE]);
    expect(store.report(0).bytes).toBeLessThanOrEqual(10_000);
  });

  it('keeps what is used again and again, however many keys are used once', () => {
    const store = new MemoryStore({ maxBytes: 10_000, now: () => 0 });
    for (let i = 0; i < 8; i++) store.set([[`hot${i}`, entry(KILOBYTE)]], moment);
    for (let round = 0; round < 3; round++) for (let i = 0; i < 8; i++) store.get([`hot${i}`]);
    for (let i = 0; i < 1_000; i++) {
      store.get([`once${i}`]);
      store.set([[`once${i}`, entry(KILOBYTE)]], moment);
    }
    for (let i = 0; i < 8; i++) expect(store.getOne(`hot${i}`)?.text).toBe(KILOBYTE);
  });

  it('counts the texts of tags and headers, which clients can make long', () => {
    const store = new MemoryStore({ maxBytes: 100_000, now: () => 0 });
    for (let i = 0; i < 50; i++) store.set([[`k${i}`, entry('1', [`${i}${'x'.repeat(2_000)}`])]], moment);
    expect(store.report(0).entries).toBeLessThan(25);
    const headed = new MemoryStore({ maxBytes: 100_000, now: () => 0 });
    const head = { status: 200, headers: { 'cache-tag': 'x'.repeat(4_000) } };
    for (let i = 0; i < 50; i++) headed.set([[`k${i}`, { ...entry('1'), head }]], moment);
    expect(headed.report(0).entries).toBeLessThan(25);
  });

  it('forgets tags with their last entry', () => {
    const store = new MemoryStore({ maxBytes: 10_000, now: () => 0 });
    store.set(
      [
        ['a', entry('1', ['x', 'y'])],
        ['b', entry('2', ['y'])],
      ],
      moment,
    );
    store.set([['a', entry('3', ['z'])]], moment);
    expect(store.report(9).tags).toEqual([
      { tag: 'y', entries: 1 },
      { tag: 'z', entries: 1 },
    ]);
    expect([store.invalidate(['x']), store.invalidate(['y', 'z'])]).toEqual([0, 2]);
    expect(store.report(9)).toMatchObject({ entries: 0, bytes: 0, tags: [] });
  });

  it('does not store what was invalidated since a moment, or while too many tags were', () => {
    const store = new MemoryStore({ maxBytes: 10_000, now: () => 0 });
    const { moment: before } = store.get([]);
    store.invalidate(['x']);
    store.set(
      [
        ['a', entry('1', ['x'])],
        ['b', entry('2', ['y'])],
      ],
      before,
    );
    expect([store.getOne('a'), store.getOne('b')?.text]).toEqual([undefined, '2']);
    for (let i = 0; i < 10_001; i++) store.invalidate([`t${i}`]);
    store.set([['c', entry('3', ['y'])]], before);
    expect(store.getOne('c')).toBe(undefined);
  });

  it('has nothing that has expired, nor after it was cleared', () => {
    let now = 0;
    const store = new MemoryStore({ maxBytes: 10_000, now: () => now });
    const { moment: before } = store.get([]);
    store.set(
      [
        ['a', entry('1')],
        ['b', entry('2')],
      ],
      before,
    );
    now = 100;
    expect(store.getOne('a')).toBe(undefined);
    now = 0;
    store.clear();
    store.set([['c', entry('3')]], before);
    expect([store.getOne('b'), store.getOne('c')]).toEqual([undefined, undefined]);
  });
});
