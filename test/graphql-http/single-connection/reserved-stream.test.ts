import { expect, test } from 'vitest';
import { ReservedStream } from '../../../src/graphql-http/single-connection/reserved-stream.ts';
import { ByteBudget } from '../../../src/shared/byte-budget.ts';

function reserve(limit: number) {
  const budget = new ByteBudget({ limit });
  let hasEnded = false;
  const stream = new ReservedStream(undefined, { maxOperations: 10, claimTimeoutMs: 60_000, budget }, () => {
    hasEnded = true;
  });
  return { budget, stream, hasEnded: () => hasEnded };
}

const LARGE = 'x'.repeat(400_000);

test('a stream that is not read holds so much and no more, also of operations that were cancelled', () => {
  const { budget, stream, hasEnded } = reserve(1_000_000);
  for (const id of ['1', '2']) {
    stream.begin(id);
    void stream.send(LARGE);
    stream.cancel(id);
  }
  expect(budget.held).toBe(800_000);
  const operation = stream.begin('3');
  void stream.send(LARGE);
  // at once, and not when the reservation is over
  expect(hasEnded()).toBe(true);
  expect(operation.isCancelled).toBe(true);
  expect(budget.held).toBe(0);
});

test('what the client has taken does not count', async () => {
  const { budget, stream, hasEnded } = reserve(1_000_000);
  const pieces = stream.open(60_000);
  await pieces.next();
  for (let n = 0; n < 10; n++) {
    void stream.send(LARGE);
    expect((await pieces.next()).value).toBe(LARGE);
  }
  expect(budget.held).toBe(0);
  expect(hasEnded()).toBe(false);
  stream.end();
});
