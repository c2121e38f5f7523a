import { expect, it } from 'vitest';
import { tracingSection } from '../../../src/config/sections/tracing.ts';
import { Sampler } from '../../../src/telemetry/tracing/sampler.ts';
import { latch, post } from '../../gateway/serving.ts';
import { tracedWorld } from './traced-world.ts';

const samplerOf = (common: object, random?: () => number) =>
  new Sampler(tracingSection.parse({ common }).common, random);
const NONE = { parent: undefined, traceId: undefined, traceState: undefined };

it('a trace that is not recorded has no spans; its context is sent all the same', async () => {
  const { url, collector, seen, server, lines } = await tracedWorld({ common: { sampler: 'always_off' } });
  await post(url, { query: '{ product { name inStock } }' });
  const contexts = Object.values(seen).flatMap(([headers]) => headers?.traceparent);
  expect(contexts).toHaveLength(2);
  expect(contexts[0]).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
  expect(new Set(contexts).size).toBe(1);
  await expect.poll(() => lines.find(({ msg }) => msg === 'request')?.traceId).toBe(String(contexts[0]).split('-')[1]);
  await server.close();
  expect(collector.requests).toEqual([]);
});

it('the ratio decides at random, whatever trace id a client has chosen', () => {
  const numbers = [0.09, 0.11, 0.5];
  const sampler = samplerOf({ sampler: 0.1 }, () => numbers.shift() ?? 1);
  expect([undefined, undefined, undefined].map((id) => sampler.decide(id))).toEqual([true, false, false]);
});

it('the ratio decides by the trace id of a trusted caller, as other services do', () => {
  const sampler = samplerOf({ sampler: 0.25 });
  const ending = (digits: string) => `${'0'.repeat(18)}${digits.padEnd(14, '0')}`;
  expect(['bf', 'c0', 'ff', '00'].map((digits) => sampler.decide(ending(digits)))).toEqual([false, true, true, false]);
  const all = [samplerOf({ sampler: 'always_on' }), samplerOf({ sampler: 'always_off' })];
  expect(all.map((one) => one.decide(ending('00')))).toEqual([true, false]);
});

it('a caller that leaves the decision open does not decide', () => {
  const parent = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), isSampled: undefined };
  expect(samplerOf({}).ofParent({ ...NONE, parent }, true)).toBeUndefined();
});

it('an operation may have a sampler of its own', async () => {
  const common = { sampler: 'always_off', operation_samplers: { Shelf: 'always_on' } };
  const { url, collector, seen, server } = await tracedWorld({ common });
  await post(url, { query: 'query Other { product { name } }' });
  await post(url, { query: 'query Shelf { product { name } }' });
  await post(url, { query: '{ wrong }' });
  const trace = await collector.trace();
  // spans from before the operation was known, too
  expect(trace.tree().slice(0, 3)).toEqual(['POST /graphql', '  parse', '  limits']);
  const flags = seen.products?.map(({ traceparent }) => String(traceparent).slice(-2));
  expect(flags).toEqual(['00', '01']);
  await server.close();
  expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(1);
});

it('a request that shares the execution of such an operation is recorded, too', async () => {
  const common = { sampler: 'always_off', operation_samplers: { Shelf: 'always_on' } };
  const { url, collector, behave, calls } = await tracedWorld({ common });
  const { promise, open } = latch();
  behave('products', async (_req, res) => {
    await promise;
    res.setHeader('content-type', 'application/json').end('{"data":{"product":null}}');
  });
  const query = 'query Shelf { product { name } }';
  const first = post(url, { query });
  await expect.poll(() => calls.products).toBe(1);
  const second = post(url, { query });
  open();
  await Promise.all([first, second]);
  const { all } = await collector.trace(2);
  expect(all.length).toBeGreaterThan(0);
});

it('the log of a request has the id of its trace', async () => {
  const { url, collector, lines } = await tracedWorld();
  await post(url, { query: '{ product { name } }' });
  const { root } = await collector.trace();
  expect(lines.find(({ msg }) => msg === 'request')?.traceId).toBe(root.traceId);
});
