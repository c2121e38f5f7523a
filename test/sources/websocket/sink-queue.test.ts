import { expect, test } from 'vitest';
import { SinkQueue } from '../../../src/sources/websocket/sink-queue.ts';
import { contractBreaches, REFUSAL, RecordingSink } from '../subscription-contract.ts';

test('it keeps the contract of a source of events', async () => {
  const breaches = await contractBreaches(() => {
    const queues = new Set<SinkQueue>();
    const failure = { code: 'SUBREQUEST_HTTP_ERROR', message: 'gone' } as const;
    return {
      subscribe(_request, sink) {
        const queue = new SinkQueue(sink);
        queues.add(queue);
        return () => {
          queue.cancel();
          queues.delete(queue);
        };
      },
      upstream: {
        get open() {
          return queues.size;
        },
        event: (text) => void [...queues].map((queue) => queue.next(text)),
        end: () => void [...queues].map((queue) => queue.end('complete')),
        interrupt: () => void [...queues].map((queue) => queue.end({ failure })),
        refuse: () => void [...queues].map((queue) => queue.end({ refusal: REFUSAL })),
      },
    };
  });
  expect(breaches).toEqual([]);
});

test('a sink that is never ready ends with a failure', async () => {
  const sink = new RecordingSink(true);
  const queue = new SinkQueue(sink);
  let accepted = 0;
  while (queue.next(String(accepted))) accepted += 1;
  expect(accepted).toBe(1_025);
  sink.ready();
  await new Promise(setImmediate);
  expect(sink.received).toEqual(['0', 'SUBREQUEST_QUEUE_FULL']);
});

test('a first event without data is a refusal; a later one is an event', () => {
  const first = new RecordingSink();
  expect(new SinkQueue(first).next(REFUSAL)).toBe(false);
  expect(first.received).toEqual([`refused: ${REFUSAL}`]);
  const later = new RecordingSink();
  const queue = new SinkQueue(later);
  for (const text of ['{"data":null,"errors":[{"message":"no"}]}', REFUSAL, '{"data":1}'])
    expect(queue.next(text)).toBe(true);
  expect(later.received).toEqual(['{"data":null,"errors":[{"message":"no"}]}', REFUSAL, '{"data":1}']);
});
