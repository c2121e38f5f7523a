import { expect, it } from 'vitest';
import { Invalidator } from '../../src/cache/invalidator.ts';
import { MemoryStore } from '../../src/cache/memory-store.ts';
import { type Message, type MessageRelay, relayedMessages } from '../../src/store/messages.ts';
import { entryOf } from '../cache/entry-of.ts';

/** Workers of one machine: what one sends reaches all others. */
function workers(count: number): MessageRelay[] {
  const listeners: ((message: Message) => void)[] = [];
  return Array.from({ length: count }, (_, own) => ({
    send(message) {
      for (const [index, deliver] of listeners.entries()) if (index !== own) deliver(message);
    },
    onMessage(listener) {
      listeners[own] = listener;
    },
  }));
}

it('messages reach the other workers, by their topic', () => {
  const [one, two, three] = workers(3).map(relayedMessages);
  const received: string[] = [];
  for (const [name, messages] of Object.entries({ one, two, three })) {
    messages?.subscribe('a', (text) => void received.push(`${name} a ${text}`));
    messages?.subscribe('b', (text) => void received.push(`${name} b ${text}`));
  }
  one?.publish('a', '1');
  three?.publish('b', '2');
  expect(received).toEqual(['two a 1', 'three a 1', 'one b 2', 'two b 2']);
});

it('what one worker invalidates is gone in all, and what they are fetching meanwhile is not kept', async () => {
  const caches = workers(2).map((relay) => {
    const store = new MemoryStore({ maxBytes: 1_000_000 });
    const invalidateHere = (tags: readonly string[]) => store.invalidate(tags);
    const invalidator = new Invalidator({ stores: [store], invalidateHere, messages: relayedMessages(relay) });
    store.set([['key', entryOf('1', ['subgraph products'])]], store.moment());
    return { store, invalidator, moment: store.moment() };
  });
  const [one, other] = caches;
  expect(await one?.invalidator.apply([{ kind: 'subgraph', subgraph: 'products' }])).toBe(1);
  for (const cache of caches) expect(cache.store.getOne('key')).toBe(undefined);
  other?.store.set([['key', entryOf('old', ['subgraph products'])]], other.moment);
  expect(other?.store.getOne('key')).toBe(undefined);
});
