import { describe, expect, it } from 'vitest';
import type { SubgraphResponse } from '../../src/sources/source.ts';
import { hedgeReads } from '../../src/traffic/hedge.ts';
import { LatencyWindow } from '../../src/traffic/latency-window.ts';
import { LOST_CONNECTIONS, retryReads } from '../../src/traffic/retry.ts';
import { RetryBudget } from '../../src/traffic/retry-budget.ts';
import { errorCodeFinder } from '../../src/traffic/retryable-errors.ts';
import { ask, heldSource, text } from './held-source.ts';

const find = errorCodeFinder(['UNAVAILABLE', 'TRY_AGAIN']);
const failing = (code: unknown, data: unknown = null) =>
  text(JSON.stringify({ data, errors: [{ message: 'other' }, { message: 'busy', extensions: { code } }] }));

describe('a response with a retryable error', () => {
  it.each<[string, SubgraphResponse]>([
    ['without data', failing('UNAVAILABLE')],
    ['with partial data', failing('TRY_AGAIN', { name: 'Chair', stars: null })],
    [
      'that code has made',
      { kind: 'parsed', status: 200, size: 1, result: { errors: [{ extensions: { code: 'UNAVAILABLE' } }] } },
    ],
    ['with an error status', { kind: 'text', status: 400, text: '{"errors":[{"extensions":{"code":"UNAVAILABLE"}}]}' }],
  ])('is found: %s', (_, response) => expect(find?.(response)).toBe(true));

  it.each<[string, SubgraphResponse]>([
    ['another code', failing('BAD_USER_INPUT')],
    ['a code of another type', failing(['UNAVAILABLE'])],
    ['the code as data', text('{"data":{"state":"UNAVAILABLE"},"errors":[{"message":"UNAVAILABLE"}]}')],
    ['errors that are no list', text('{"errors":{"extensions":{"code":"UNAVAILABLE"}}}')],
    ['errors without extensions', text('{"errors":[null,7,{"extensions":null}],"x":"UNAVAILABLE"}')],
    ['no JSON', text('"UNAVAILABLE')],
    ['a failure', { kind: 'failure', failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'UNAVAILABLE' } }],
    ['a text that is too long to be searched', failing('UNAVAILABLE', 'x'.repeat(262_144))],
  ])('is not: %s', (_, response) => expect(find?.(response)).toBe(false));

  it('is not looked for without codes', () => {
    expect([errorCodeFinder(undefined), errorCodeFinder([])]).toEqual([undefined, undefined]);
  });
});

describe('retries by error code', () => {
  function retrying(budget = new RetryBudget({ share: 0, window: 10_000, min_per_second: 10 })) {
    const { source, calls } = heldSource();
    const reasons: string[] = [];
    const policy = { ...LOST_CONNECTIONS, maxAttempts: 3, timeoutMs: 60_000, budget, hasRetryableError: find };
    const onRetry = (reason: string, isDenied: boolean) => reasons.push(isDenied ? `${reason} denied` : reason);
    return { whole: retryReads(source, { ...policy, onRetry }), calls, reasons };
  }

  it('a read is sent again, and the last response counts when the tries are used up', () => {
    const { whole, calls, reasons } = retrying();
    const answers = [ask(whole), ask(whole)];
    calls[0]?.done(failing('UNAVAILABLE'));
    calls[2]?.done(text('{"data":{}}'));
    expect(answers[0]).toEqual([text('{"data":{}}')]);
    const last = failing('TRY_AGAIN', { name: 'Chair' });
    for (const [at, response] of [failing('UNAVAILABLE'), failing('UNAVAILABLE'), last].entries())
      calls[[1, 3, 4][at] as number]?.done(response);
    expect(answers[1]).toEqual([last]);
    expect([calls.length, reasons]).toEqual([5, ['error_code', 'error_code', 'error_code']]);
  });

  it('a mutation is not', () => {
    const { whole, calls } = retrying();
    const answers = ask(whole, { operationType: 'mutation' });
    calls[0]?.done(failing('UNAVAILABLE'));
    expect([calls.length, answers]).toEqual([1, [failing('UNAVAILABLE')]]);
  });

  it('the budget limits them', () => {
    const { whole, calls, reasons } = retrying(new RetryBudget({ share: 0, window: 1_000, min_per_second: 1 }));
    const answers = ask(whole);
    for (const at of [0, 1]) calls[at]?.done(failing('UNAVAILABLE'));
    expect([calls.length, answers.length, reasons]).toEqual([2, 1, ['error_code', 'error_code denied']]);
  });

  it('with hedging, such a response does not win while the other call runs', async () => {
    const { source, calls } = heldSource();
    const budget = new RetryBudget({ share: 0, window: 1_000, min_per_second: 100 });
    const policy = { after: 1, maxShare: 1, latencies: new LatencyWindow(), budget, hasRetryableError: find };
    const answers = ask(hedgeReads(source, policy));
    await expect.poll(() => calls.length).toBe(2);
    calls[0]?.done(failing('UNAVAILABLE'));
    expect(answers).toEqual([]);
    calls[1]?.done(text('{"data":{}}'));
    expect(answers).toEqual([text('{"data":{}}')]);
  });
});
