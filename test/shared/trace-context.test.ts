import { describe, expect, it } from 'vitest';
import { readB3, readTraceId, readTraceParent } from '../../src/shared/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const ZEROS = '0'.repeat(32);

describe('traceparent', () => {
  it.each([
    [`00-${TRACE}-${SPAN}-01`, true],
    [`00-${TRACE}-${SPAN}-00`, false],
    // other flags do not matter
    [`00-${TRACE}-${SPAN}-03`, true],
    // a later version may have more
    [`01-${TRACE}-${SPAN}-01-what-the-future-brings`, true],
  ])('%s', (header, isSampled) => {
    expect(readTraceParent(header)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled });
  });

  it.each([
    undefined,
    '',
    [`00-${TRACE}-${SPAN}-01`],
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${ZEROS}-${SPAN}-01`,
    `00-${TRACE}-${ZEROS.slice(16)}-01`,
    `00-${TRACE}-${SPAN}-1`,
    ` 00-${TRACE}-${SPAN}-01`,
  ])('%s is not valid', (header) => {
    expect(readTraceParent(header)).toBeUndefined();
  });
});

describe('B3', () => {
  it.each([
    [{ b3: `${TRACE}-${SPAN}-1` }, true],
    [{ b3: `${TRACE}-${SPAN}-d-${SPAN}` }, true],
    [{ b3: `${TRACE}-${SPAN}-0` }, false],
    [{ b3: `${TRACE}-${SPAN}` }, undefined],
    [{ 'x-b3-traceid': TRACE.toUpperCase(), 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' }, true],
    [{ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': 'false' }, false],
    [{ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-flags': '1' }, true],
    [{ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN }, undefined],
  ])('%o', (headers, isSampled) => {
    expect(readB3(headers)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled });
  });

  it('may have a trace id of 64 bits', () => {
    const traceId = `${ZEROS.slice(16)}${TRACE.slice(16)}`;
    expect(readB3({ b3: `${TRACE.slice(16)}-${SPAN}-1` })?.traceId).toBe(traceId);
  });

  it.each([
    {},
    { b3: '0' },
    { b3: `${TRACE}` },
    { b3: `${ZEROS}-${SPAN}-1` },
    { 'x-b3-traceid': TRACE },
    { 'x-b3-traceid': 'x', 'x-b3-spanid': SPAN },
  ])('%o has no context', (headers) => {
    expect(readB3(headers)).toBeUndefined();
  });
});

it('a trace id may be a UUID', () => {
  expect(readTraceId('0AF76519-16cd-43dd-8448-eb211c80319c')).toBe(TRACE);
  expect([undefined, '', 'x', ZEROS, TRACE.slice(1)].map(readTraceId)).toEqual(Array(5).fill(undefined));
});
