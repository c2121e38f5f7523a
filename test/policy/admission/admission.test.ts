import { describe, expect, it } from 'vitest';
import type { Identity } from '../../../src/client/identity.ts';
import { AdaptiveLimit } from '../../../src/policy/admission/adaptive-limit.ts';
import { createAdmission } from '../../../src/policy/admission/admission.ts';

const priority = { clients: ['checkout'], plans: ['gold'], scopes: ['orders:write'] };

/** An admission whose places without priority are taken. */
function busy() {
  const limit = new AdaptiveLimit({ min: 1, max: 10, targetDelayMs: 20, priorityShare: 0.5 }, 0);
  let refused = 0;
  const admission = createAdmission({ limit, priority, onRefused: () => refused++ });
  const places = Array.from({ length: 5 }, () => admission.enter(undefined, () => false));
  return { limit, admission, places, refusals: () => refused };
}

const identity = (fields: Partial<Identity>): { identity: Identity } => ({
  identity: { kind: 'api_key', subject: 'one', scopes: [], claims: {}, ...fields },
});
const isRead = () => false;
const isMutation = () => true;

describe('a busy gateway', () => {
  it('refuses a read with 503 and Retry-After, and counts that', () => {
    const { admission, refusals, limit } = busy();
    expect(() => admission.enter(undefined, isRead)).toThrow(
      expect.objectContaining({
        ...{ status: 503, code: 'OVERLOADED', kind: 'overloaded' },
        ...{
          extensions: { code: 'OVERLOADED', retryAfter: 1 },
          headers: { 'retry-after': '1', 'cache-control': 'no-store' },
        },
      }),
    );
    expect([refusals(), limit.running]).toEqual([1, 5]);
  });

  it.each<[string, { identity: Identity | undefined }]>([
    ['a mutation', { identity: undefined }],
    ['an OAuth client', identity({ kind: 'jwt', clientId: 'checkout' })],
    ['the owner of an API key', identity({ apiKeyOwner: 'checkout' })],
    ['a plan', identity({ plan: 'gold' })],
    ['a scope', identity({ scopes: ['profile', 'orders:write'] })],
  ])('admits %s until the whole limit is used', (name, client) => {
    const { admission, refusals } = busy();
    const enter = () => admission.enter(client, name === 'a mutation' ? isMutation : isRead);
    for (let n = 0; n < 5; n++) enter();
    expect(enter).toThrow('The gateway is overloaded.');
    expect(refusals()).toBe(1);
  });

  it('does not ask whether a request is a mutation while that does not matter', () => {
    const { admission, places } = busy();
    places[0]?.leave();
    admission.enter(undefined, () => {
      throw new Error('asked');
    });
  });

  it('has room again after a request has left, which counts once', () => {
    const { admission, places, limit } = busy();
    places[0]?.leave();
    places[0]?.leave();
    expect(limit.running).toBe(4);
    admission.enter(undefined, isRead);
    expect(() => admission.enter(undefined, isRead)).toThrow('overloaded');
  });

  it.each([
    ['another client', identity({ clientId: 'web', apiKeyOwner: 'web', plan: 'free', scopes: ['orders:read'] })],
    ['a client that only claims a name', identity({ claims: { client_id: 'checkout', plan: 'gold' } })],
  ])('refuses %s', (_, client) => {
    expect(() => busy().admission.enter(client, isRead)).toThrow('overloaded');
  });
});
