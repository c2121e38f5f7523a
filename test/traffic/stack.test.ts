import { expect, it } from 'vitest';
import { CacheControlAccumulator } from '../../src/client/freshness.ts';
import type { Source, SubgraphResponse } from '../../src/sources/source.ts';
import { Bulkhead } from '../../src/traffic/bulkhead.ts';
import { chooseVariant } from '../../src/traffic/choose-variant.ts';
import { CircuitBreaker } from '../../src/traffic/circuit-breaker.ts';
import { LatencyWindow } from '../../src/traffic/latency-window.ts';
import { LOST_CONNECTIONS } from '../../src/traffic/retry.ts';
import { DEFAULT_BUDGET, RetryBudget } from '../../src/traffic/retry-budget.ts';
import { LAYERS, type Layer, type StackParts, stack } from '../../src/traffic/stack.ts';
import { ask, client, heldSource, text } from './held-source.ts';

const BREAKER = {
  error_threshold: 0.5,
  volume_threshold: 10,
  window: 10_000,
  reset_timeout: 1_000,
  half_open_attempts: 1,
};

const lost: SubgraphResponse = {
  kind: 'failure',
  failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'lost', isConnectionLoss: true },
};

/** A layer that writes down what passes it. */
const noting =
  (name: string, notes: string[]): Layer =>
  (source) => ({
    name: source.name,
    send: (request, done) => {
      notes.push(`> ${name}`);
      source.send(request, (answer) => {
        notes.push(`< ${name}`);
        done(answer);
      });
    },
    close: () => source.close(),
  });

/** Parts for every layer, and what is noted of the layers that can be seen from outside. */
function everyPart() {
  const notes: string[] = [];
  const budget = new RetryBudget(DEFAULT_BUDGET);
  const parts: StackParts = {
    maxEntities: 100,
    stitch: noting('stitch', notes),
    mirror: { mirror: heldSource().source, share: 0 },
    cacheControl: { in: 'response' },
    returnHeaders: noting('returnHeaders', notes),
    respectsRetryAfter: true,
    plugins: true,
    cache: noting('cache', notes),
    outages: { watch: noting('outages', notes) },
    share: { forward: () => ({ pairs: [], sharingKey: '' }) },
    limitRate: noting('limitRate', notes),
    instruments: {
      fetchesOf: () => ({
        finished: (_status, failure) => notes.push(`measured ${failure ?? 'success'}`),
        shared: () => notes.push('shared'),
      }),
    },
    deadline: { timeoutMs: 1_000 },
    retry: { ...LOST_CONNECTIONS, timeoutMs: 1_000, budget },
    hedge: { after: 1_000, maxShare: 1, latencies: new LatencyWindow(), budget },
    concurrency: { bulkhead: new Bulkhead({ max: 10, queue: 0 }), timeoutMs: 1_000 },
    breaker: new CircuitBreaker(BREAKER),
  };
  return { parts, notes };
}

it('the layers are in this order, the outermost first', () => {
  expect(Object.keys(LAYERS)).toEqual([
    'entities',
    'stitch',
    'cacheControl',
    'returnHeaders',
    'retryAfter',
    'plugins',
    'mirror',
    'cache',
    'outages',
    'share',
    'limitRate',
    'measure',
    'deadline',
    'retry',
    'hedge',
    'tries',
    'concurrency',
    'breaker',
  ]);
});

it('a request passes the layers in that order, and its response in the opposite one', () => {
  const { source, calls } = heldSource();
  const { parts, notes } = everyPart();
  ask(stack(source, parts));
  calls[0]?.done(text('1'));
  expect(notes).toEqual([
    ...['> stitch', '> returnHeaders', '> cache', '> outages', '> limitRate'],
    ...['measured success', '< limitRate', '< outages', '< cache', '< returnHeaders', '< stitch'],
  ]);
});

it('requests that share a call: each passes the layers outside of it, one the layers inside', () => {
  const { source, calls } = heldSource();
  const { parts, notes } = everyPart();
  const whole = stack(source, parts);
  const answers = [ask(whole), ask(whole)];
  calls[0]?.done(text('1'));
  expect(answers).toEqual([[text('1')], [text('1')]]);
  const passed = (name: string) => notes.filter((note) => note === name).length;
  expect([passed('< stitch'), passed('< returnHeaders'), passed('< outages')]).toEqual([2, 2, 2]);
  expect([passed('> limitRate'), passed('measured success'), calls.length]).toEqual([1, 1, 1]);
});

it('a retry is one fetch to every other layer', () => {
  const { source, calls } = heldSource();
  const { parts, notes } = everyPart();
  ask(stack(source, parts));
  calls[0]?.done(lost);
  calls[1]?.done(text('1'));
  expect(calls.length).toBe(2);
  expect(notes.filter((note) => /limitRate|measured/.test(note))).toEqual([
    '> limitRate',
    'measured success',
    '< limitRate',
  ]);
});

/** A stack whose layers send a read again, twice or elsewhere whenever they may; and how often it is sent. */
function eagerStack() {
  const { source, calls } = heldSource();
  const { source: mirror, calls: mirrored } = heldSource();
  const { parts } = everyPart();
  return { whole: stack(source, { ...parts, mirror: { mirror, share: 1 } }), calls, mirrored };
}

it.each([
  { isOneShot: false, retried: 2, shared: 1, mirrored: 1 },
  { isOneShot: true, retried: 1, shared: 2, mirrored: 0 },
])('a read that can be sent only once: $isOneShot', ({ isOneShot, ...expected }) => {
  const retrying = eagerStack();
  ask(retrying.whole, { isOneShot });
  retrying.calls[0]?.done(lost);
  const sharing = eagerStack();
  for (let client = 0; client < 2; client++) ask(sharing.whole, { isOneShot });
  const mirroring = eagerStack();
  ask(mirroring.whole, { isOneShot });
  mirroring.calls[0]?.done(text('{"data":{}}'));
  expect({
    retried: retrying.calls.length,
    shared: sharing.calls.length,
    mirrored: mirroring.mirrored.length,
  }).toEqual(expected);
});

it.each([
  { isOneShot: false, state: 'open' },
  { isOneShot: true, state: 'closed' },
])('a slow read opens the circuit, and one that waits for files of the client does not: $isOneShot', (expected) => {
  const { source, calls } = heldSource();
  let now = performance.now();
  const settings = { ...BREAKER, volume_threshold: 1, slow_threshold: { duration: 100_000, share: 1 } };
  const breaker = new CircuitBreaker(settings, undefined, () => now);
  const { isOneShot } = expected;
  ask(stack(source, { deadline: { timeoutMs: 1_000 }, breaker }), { isOneShot });
  now += 500_000;
  calls[0]?.done(text('{"data":{}}'));
  const hasDeadline = calls[0]?.request.deadline !== undefined;
  expect({ isOneShot, state: breaker.state, hasDeadline }).toEqual({ ...expected, hasDeadline: !isOneShot });
});

it('each client learns how long a shared response may be cached', () => {
  const { source, calls } = heldSource();
  const whole = stack(source, {
    cacheControl: { in: 'response' },
    share: { forward: () => ({ pairs: [], sharingKey: '' }) },
  });
  const clients = [new CacheControlAccumulator(), new CacheControlAccumulator()];
  for (const freshness of clients) ask(whole, { client: client({ freshness }) });
  const freshness = { maxAgeMs: 60_000, isPrivate: false, noStore: false };
  calls[0]?.done({ kind: 'text', text: '{}', status: 200, freshness });
  expect(clients.map(({ least }) => least)).toEqual([freshness, freshness]);
});

it('the executor sees the most entities of a request, also where the source has variants', () => {
  const whole = stack(heldSource().source, everyPart().parts);
  expect(whole.maxEntities).toBe(100);
  expect(chooseVariant(whole, [], { stickyKey: () => undefined }).maxEntities).toBe(100);
  expect(stack(heldSource().source, { ...everyPart().parts, maxEntities: undefined }).maxEntities).toBeUndefined();
});

it('a source without parts is left as it is: no layer, no cost', () => {
  const { source } = heldSource();
  expect(stack(source, {})).toBe(source);
});

it.each(Object.keys(LAYERS))('the layer %s is there by itself, and keeps name and close', async (layer) => {
  let closed = 0;
  const { source } = heldSource();
  const inner: Source = { ...source, close: async () => void closed++ };
  const whole = LAYERS[layer]?.(everyPart().parts)?.(inner);
  expect(whole).not.toBe(inner);
  expect(whole?.name).toBe('products');
  await whole?.close();
  expect(closed).toBe(1);
});

it('a layer that cannot be made closes the source', () => {
  let closed = 0;
  const source: Source = { ...heldSource().source, close: async () => void closed++ };
  const stitch = () => {
    throw new Error('The service "things" cannot be read.');
  };
  expect(() => stack(source, { stitch })).toThrow('The service "things" cannot be read.');
  expect(closed).toBe(1);
});
