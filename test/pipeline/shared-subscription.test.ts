import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Payload } from '../../src/executor/payload.ts';
import { PayloadStream } from '../../src/executor/payload-stream.ts';
import type { Engine } from '../../src/pipeline/engine.ts';
import { SharedSubscription } from '../../src/pipeline/shared-subscription.ts';
import { Subscriber } from '../../src/pipeline/subscriber.ts';
import { DEFAULT_UPSTREAM } from '../../src/pipeline/upstream-events.ts';
import { Cancellation } from '../../src/sources/cancellation.ts';

/** A subscriber that takes some time for each event, on a clock that only it moves. */
class BusySubscriber extends Subscriber {
  readonly #onPush: () => void;

  constructor(onPush: () => void) {
    super({ queueCapacity: 10, overflow: 'close', onEnd: () => {} });
    this.#onPush = onPush;
  }

  override push(...[message]: Parameters<Subscriber['push']>): void {
    super.push(message);
    this.#onPush();
  }
}

/** Publishes one event to many clients. Returns how many have it at the end of each turn of the event loop. */
async function deliver(clients: number, msForEach: number): Promise<number[]> {
  let clock = 0;
  let count = 0;
  const now = vi.spyOn(performance, 'now').mockImplementation(() => clock);
  onTestFinished(() => now.mockRestore());
  const payloads = new PayloadStream(() => {});
  const engine = { subscribe: async () => ({ kind: 'stream', payloads }) } as unknown as Engine;
  const shared = new SharedSubscription(engine, {
    request: { query: '', client: { requestId: '', headers: {} } },
    cancellation: new Cancellation(),
    settings: DEFAULT_UPSTREAM,
    engine: () => engine,
    onEnd: () => {},
  });
  const onPush = () => {
    clock += msForEach;
    count += 1;
  };
  for (let i = 0; i < clients; i++) shared.add(new BusySubscriber(onPush));
  await shared.started;
  payloads.write(new Payload('{"count":1}', []));
  const counts: number[] = [];
  while (count < clients) {
    await nextTurn();
    counts.push(count);
  }
  return counts;
}

test('an event goes to many clients in slices of 10 ms, between which the event loop runs', async () => {
  // a look at the clock after every 64 clients: after the second one, 12.8 ms have passed
  expect(await deliver(500, 0.1)).toEqual([128, 256, 384, 500]);
});

test('clients that take less time get it in one turn', async () => {
  expect(await deliver(500, 0.01)).toEqual([500]);
});
