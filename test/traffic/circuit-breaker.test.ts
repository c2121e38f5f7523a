import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../src/sources/cancellation.ts';
import type { SubgraphResponse } from '../../src/sources/source.ts';
import { breakCircuit } from '../../src/traffic/break-circuit.ts';
import { type CallOutcome, CircuitBreaker, type CircuitBreakerSettings } from '../../src/traffic/circuit-breaker.ts';
import { ask, client, heldSource, text } from './held-source.ts';

const SETTINGS: CircuitBreakerSettings = {
  error_threshold: 0.5,
  volume_threshold: 4,
  window: 1_000,
  reset_timeout: 500,
  half_open_attempts: 2,
};

/** A breaker with a clock of its own, and the changes of its state. */
function breakerAt(settings: Partial<CircuitBreakerSettings> = {}) {
  const clock = { now: 0 };
  const changes: string[] = [];
  const breaker = new CircuitBreaker(
    { ...SETTINGS, ...settings },
    (state, reason) => changes.push(`${state}: ${reason}`),
    () => clock.now,
  );
  /** Makes a call that ends at once; returns whether it was allowed. */
  const call = (outcome: CallOutcome, ms = 1): boolean => {
    const period = breaker.acquire();
    if (period !== undefined) breaker.record(period, outcome, ms);
    return period !== undefined;
  };
  return { breaker, clock, changes, call };
}

describe('an operator', () => {
  it('trips a circuit: it stays open whatever time passes, and late outcomes change nothing', () => {
    const { breaker, clock, call, changes } = breakerAt();
    const late = breaker.acquire() ?? 0;
    breaker.trip();
    clock.now += 1_000_000;
    breaker.record(late, 'success', 1);
    expect({ state: breaker.state, isCallable: breaker.isCallable, isAllowed: call('success') }).toEqual({
      ...{ state: 'open', isCallable: false, isAllowed: false },
    });
    expect(changes).toEqual(['open: tripped by an operator']);
  });

  it('resets a circuit: it is closed, and has forgotten the failures', () => {
    const { breaker, call, changes } = breakerAt();
    for (let n = 0; n < 3; n++) call('failure');
    breaker.trip();
    breaker.reset();
    expect(breaker.isTripped).toBe(false);
    expect(call('failure')).toBe(true);
    expect(breaker.state).toBe('closed');
    expect(changes.at(-1)).toBe('closed: reset by an operator');
  });
});

describe('a circuit opens', () => {
  it('when enough of enough calls have failed', () => {
    const { breaker, call, changes } = breakerAt();
    call('success');
    call('failure');
    call('success');
    expect(breaker.state).toBe('closed');
    call('failure');
    expect(changes).toEqual(['open: 2 of 4 calls failed']);
    expect(call('success')).toBe(false);
  });

  it('not for failures that the window has forgotten', () => {
    const { breaker, call, clock } = breakerAt();
    for (let round = 0; round < 5; round++) {
      call('failure');
      clock.now += 400;
    }
    expect(breaker.state).toBe('closed');
  });

  it('when calls have failed in a row, however few', () => {
    const { call, changes } = breakerAt({ consecutive_failures: 3, volume_threshold: 100 });
    for (const outcome of ['failure', 'failure', 'success', 'failure', 'failure', 'failure'] as const) call(outcome);
    expect(changes).toEqual(['open: 3 failures in a row']);
  });

  it('when enough of enough calls were slow, also calls that were cancelled', () => {
    const { call, changes } = breakerAt({ slow_threshold: { duration: 100, share: 0.75 } });
    call('success', 101);
    call('ignored', 101);
    call('success', 100);
    call('success', 101);
    expect(changes).toEqual(['open: 3 of 4 calls were slow']);
  });
});

describe('after reset_timeout', () => {
  const opened = () => {
    const all = breakerAt();
    for (let at = 0; at < 4; at++) all.call('failure');
    all.clock.now += 499;
    expect(all.call('success')).toBe(false);
    all.clock.now += 1;
    return all;
  };

  it('as many calls as half_open_attempts are made, and the circuit closes when all succeed', () => {
    const { breaker, changes } = opened();
    const probes = [breaker.acquire(), breaker.acquire()];
    expect(breaker.acquire()).toBeUndefined();
    for (const probe of probes) breaker.record(probe as number, 'success', 1);
    expect(changes).toEqual([
      'open: 4 of 4 calls failed',
      'half_open: reset_timeout is over',
      'closed: all probes succeeded',
    ]);
    expect(breaker.acquire()).toBeDefined();
  });

  it('one that fails opens it again, for as long', () => {
    const { breaker, call, clock } = opened();
    call('success');
    call('failure');
    expect(breaker.state).toBe('open');
    clock.now += 499;
    expect(call('success')).toBe(false);
    clock.now += 1;
    expect(call('success')).toBe(true);
  });

  it('one that is cancelled makes room for another', () => {
    const { breaker, call } = opened();
    call('ignored');
    call('success');
    call('success');
    expect(breaker.state).toBe('closed');
  });

  it('a call that began before the outage does not count', () => {
    const { breaker, call, clock } = breakerAt();
    const before = breaker.acquire() as number;
    for (let at = 0; at < 4; at++) call('failure');
    clock.now += 500;
    call('success');
    breaker.record(before, 'failure', 500);
    call('success');
    expect(breaker.state).toBe('closed');
  });
});

it('behaves like a list of calls, whatever happens when', () => {
  const step = fc.record({
    after: fc.integer({ min: 0, max: 300 }),
    outcome: fc.constantFrom<CallOutcome[]>('success', 'failure', 'ignored'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const { breaker, call, clock } = breakerAt();
      let calls: { slice: number; isFailure: boolean }[] = [];
      let openedAt: number | undefined;
      let probes = 0;
      for (const { after, outcome } of steps) {
        clock.now += after;
        const isOpen = openedAt !== undefined && clock.now - openedAt < SETTINGS.reset_timeout;
        expect(breaker.isCallable).toBe(!isOpen);
        expect(call(outcome)).toBe(!isOpen);
        if (isOpen || outcome === 'ignored') continue;
        if (openedAt !== undefined) {
          probes = outcome === 'failure' ? 0 : probes + 1;
          if (outcome === 'failure') openedAt = clock.now;
          else if (probes === SETTINGS.half_open_attempts) [openedAt, probes, calls] = [undefined, 0, []];
          continue;
        }
        calls.push({ slice: Math.floor(clock.now / 100), isFailure: outcome === 'failure' });
        const recent = calls.filter(({ slice }) => slice > Math.floor(clock.now / 100) - 10);
        const failures = recent.filter(({ isFailure }) => isFailure).length;
        if (recent.length >= 4 && failures > 0 && failures >= recent.length / 2) openedAt = clock.now;
      }
    }),
  );
});

describe('around a subgraph', () => {
  const failure = (fields: object): SubgraphResponse => ({
    kind: 'failure',
    failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'failed', ...fields },
  });
  /** The state after one call with this response, where one failure opens the circuit. */
  const stateAfter = (response: SubgraphResponse, signal = new Cancellation()) => {
    const { breaker } = breakerAt({ consecutive_failures: 1 });
    const { source, calls } = heldSource();
    ask(breakCircuit(source, breaker), { client: client({ signal }) });
    calls[0]?.done(response);
    return breaker.state;
  };

  it.each([
    ['a 500', failure({ status: 500 })],
    ['a GraphQL result with status 503', { kind: 'text', text: '{"data":null}', status: 503 } as const],
    ['a refused connection', failure({ reason: 'connection refused' })],
    ['a timeout', failure({ code: 'SUBREQUEST_TIMEOUT' })],
    ['a response that is not JSON', text('<html>')],
  ])('%s is a failure', (_, response) => {
    expect(stateAfter(response)).toBe('open');
  });

  it.each([
    ['a result with errors', text('{"errors":[{"message":"no"}]}')],
    ['a 404', failure({ status: 404 })],
    ['a 429', failure({ status: 429 })],
    ['no memory in the gateway', failure({ code: 'OVERLOADED' })],
  ])('%s is none', (_, response) => {
    expect(stateAfter(response)).toBe('closed');
  });

  it('a call whose client has disconnected says nothing', () => {
    const signal = new Cancellation();
    signal.abort();
    expect(stateAfter(failure({ reason: 'request aborted' }), signal)).toBe('closed');
  });

  it('a call is rejected at once while the circuit is open', () => {
    const { breaker } = breakerAt({ consecutive_failures: 1 });
    const { source, calls } = heldSource();
    const whole = breakCircuit(source, breaker);
    ask(whole);
    calls[0]?.done(failure({ status: 500 }));
    expect(ask(whole)).toMatchObject([{ failure: { code: 'SUBGRAPH_CIRCUIT_BREAKER_REJECTED' } }]);
    expect(calls.length).toBe(1);
  });
});
