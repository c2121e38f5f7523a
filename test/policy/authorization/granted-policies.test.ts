import { describe, expect, test, vi } from 'vitest';
import { createGrantedPolicies, type DecidePolicies } from '../../../src/policy/authorization/granted-policies.ts';
import { parseJson } from '../../../src/shared/exact-json.ts';
import { identity } from './world.ts';

const NAMES = ['owner', 'auditor', 'toString'];

function granted(
  sources: { claim?: string; decide?: DecidePolicies; timeoutMs?: number },
  claims?: Record<string, unknown>,
) {
  const onFailure = vi.fn();
  const ask = createGrantedPolicies({ timeoutMs: 1_000, onFailure, ...sources });
  const client = { requestId: 'r1', headers: { 'x-team': 'a' }, ip: '::1', identity: claims && identity('', claims) };
  return { answer: async () => [...((await ask?.(NAMES, client)) ?? [])], onFailure };
}

test('without a claim and a module there is nothing to ask', () => {
  expect(createGrantedPolicies({ timeoutMs: 1, onFailure: vi.fn() })).toBeUndefined();
});

describe('a claim', () => {
  test.each([
    ['policies', { policies: ['owner', 7] }, ['owner']],
    ['policies', { policies: 'owner auditor' }, ['owner', 'auditor']],
    ['app.policies', { app: { policies: ['owner'] } }, ['owner']],
    ['https://x.example/policies', { 'https://x.example/policies': ['owner'] }, ['owner']],
    ['policies', { policies: { owner: true } }, []],
    ['policies', {}, []],
    ['policies', undefined, []],
    ['toString.name', {}, []],
    ['__proto__', {}, []],
  ])('%s of %j', async (claim, claims, expected) => {
    expect(await granted({ claim }, claims).answer()).toEqual(expected);
  });
});

describe('a module', () => {
  test('is given names and request, and answers with a list', async () => {
    const decide = vi.fn(() => ['owner', 'stranger']);
    expect(await granted({ decide }, { team: 'a' }).answer()).toEqual(['owner']);
    expect(decide).toHaveBeenCalledWith(NAMES, {
      identity: identity('', { team: 'a' }),
      headers: { 'x-team': 'a' },
      ip: '::1',
      requestId: 'r1',
    });
  });

  test('is given numbers of claims as plain ones, or as their digits', async () => {
    const decide = vi.fn<DecidePolicies>(() => []);
    const claims = parseJson('{"tenant":9007199254740993,"org":{"level":1.0,"ids":[1,1e400]}}');
    await granted({ decide }, claims as Record<string, unknown>).answer();
    expect(decide.mock.calls[0]?.[1].identity?.claims).toEqual({
      tenant: '9007199254740993',
      org: { level: 1, ids: [1, '1e400'] },
    });
  });

  test('or with an object, in which only true grants', async () => {
    const decide = async () => ({ owner: true, auditor: 1 as unknown as boolean });
    expect(await granted({ decide }).answer()).toEqual(['owner']);
  });

  test('is asked only for what the claim does not list', async () => {
    const decide = vi.fn(() => ['auditor']);
    expect(await granted({ claim: 'policies', decide }, { policies: ['owner'] }).answer()).toEqual([
      'owner',
      'auditor',
    ]);
    expect(decide).toHaveBeenCalledWith(['auditor', 'toString'], expect.anything());
  });

  test.each<[string, DecidePolicies]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['answers something else', () => true as never],
    ['answers nothing', () => undefined as never],
  ])('that %s grants nothing, and that is logged', async (_, decide) => {
    const { answer, onFailure } = granted({ decide });
    expect(await answer()).toEqual([]);
    expect(onFailure).toHaveBeenCalledWith(expect.any(Error), expect.objectContaining({ requestId: 'r1' }));
  });

  test('that takes too long grants nothing', async () => {
    vi.useFakeTimers();
    try {
      const { answer, onFailure } = granted({ decide: () => new Promise(() => {}), timeoutMs: 50 });
      const waiting = answer();
      await vi.advanceTimersByTimeAsync(100);
      expect(await waiting).toEqual([]);
      expect(onFailure.mock.calls[0]?.[0].message).toBe('The policies took longer than 50 ms to decide.');
    } finally {
      vi.useRealTimers();
    }
  });
});
