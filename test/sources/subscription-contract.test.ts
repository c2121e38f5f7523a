import { expect, test } from 'vitest';
import type { SubscriptionSink } from '../../src/sources/source.ts';
import { contractBreaches, type TestUpstream } from './subscription-contract.ts';

/** What a careless source does. */
interface Mistakes {
  readonly ignoresBackPressure?: boolean;
  readonly endsTwice?: boolean;
  readonly ignoresCancel?: boolean;
  readonly leavesUpstreamOpen?: boolean;
}

/** A source over one upstream in this process, which all its subscribers share. */
function open(mistakes: Mistakes = {}) {
  const subscribers = new Map<object, (step: (sink: SubscriptionSink) => void | Promise<void>) => void>();
  let isOpen = false;
  const deliver = (step: (sink: SubscriptionSink) => void | Promise<void>) => {
    for (const queue of subscribers.values()) queue(step);
  };
  const end = (step: (sink: SubscriptionSink) => void) => {
    deliver(step);
    if (!mistakes.endsTwice) subscribers.clear();
  };
  const upstream: TestUpstream = {
    get open() {
      return isOpen ? 1 : 0;
    },
    event: (text) => deliver((sink) => sink.next(text)),
    end: () => end((sink) => sink.complete()),
    interrupt: () => end((sink) => sink.error({ code: 'SUBREQUEST_HTTP_ERROR', message: 'interrupted' })),
  };
  const subscribe = (_request: unknown, sink: SubscriptionSink) => {
    const id = {};
    let last = Promise.resolve();
    let isCancelled = false;
    isOpen = true;
    subscribers.set(id, (step) => {
      if (mistakes.ignoresBackPressure) void step(sink);
      else last = last.then(() => (isCancelled ? undefined : step(sink)));
    });
    return () => {
      if (mistakes.ignoresCancel) return;
      isCancelled = true;
      subscribers.delete(id);
      if (subscribers.size === 0 && !mistakes.leavesUpstreamOpen) isOpen = false;
    };
  };
  return { subscribe, upstream };
}

test('a source that keeps the contract breaks nothing', async () => {
  expect(await contractBreaches(() => open())).toEqual([]);
});

test.each([
  [{ ignoresBackPressure: true }, 'next before the sink was ready'],
  [{ endsTwice: true }, 'complete after the end'],
  [{ ignoresCancel: true }, 'next after the subscription was cancelled'],
  [{ leavesUpstreamOpen: true }, 'upstream subscriptions after the last one left: 1 instead of 0'],
])('of a source with %o the kit says so', async (mistakes, expected) => {
  expect(await contractBreaches(() => open(mistakes))).toContain(expected);
});
