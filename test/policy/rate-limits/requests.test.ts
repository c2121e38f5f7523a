import { describe, expect, test } from 'vitest';
import { limitedWorld, user } from './limited-world.ts';

describe('a whole request over a limit', () => {
  test('is refused with 429, and says when to come again', async () => {
    const { ask, world } = limitedWorld({ requests: [{ limit: 1, window: '30s', name: 'per-client' }] });
    expect((await ask('{ me }')).headers).toEqual({
      'ratelimit-policy': '"per-client";q=1;w=30',
      ratelimit: '"per-client";r=0;t=30',
    });
    expect(await ask('{ me }')).toMatchObject({
      dataText: undefined,
      refusal: 'policy',
      status: 429,
      errors: [
        {
          message: 'Too many requests: the limit "per-client" is 1 in 30s. Try again in 30 seconds.',
          extensions: { code: 'RATE_LIMITED', retryAfter: 30 },
        },
      ],
      headers: {
        'ratelimit-policy': '"per-client";q=1;w=30',
        ratelimit: '"per-client";r=0;t=30',
        'retry-after': '30',
      },
      extensions: undefined,
    });
    expect(world.requests.length).toBe(1);
  });

  test('does not count against any other limit', async () => {
    const { outcome } = limitedWorld({
      requests: [
        { limit: 1, by: ['user'] },
        { limit: 2, by: ['global'] },
      ],
      fields: { 'Query.search': [{ limit: 2, by: ['global'] }] },
    });
    const ask = (subject: string) => outcome('{ search { id } }', { identity: user(subject) });
    expect([await ask('ada'), await ask('ada'), await ask('ada')]).toEqual(['served', 'refused 429', 'refused 429']);
    expect(await ask('bob')).toBe('served');
    expect(await ask('eve')).toBe('refused 429');
  });

  test('may depend on the plan of an API key', async () => {
    const { outcome } = limitedWorld({
      requests: [
        { limit: 1, plans: ['free'] },
        { limit: 3, plans: ['gold'] },
      ],
    });
    const count = async (plan: string | undefined) => {
      const identity = user('key', { kind: 'api_key', clientId: `owner-${plan}`, ...(plan ? { plan } : {}) });
      let served = 0;
      while (served < 5 && (await outcome('{ me }', { identity })) === 'served') served++;
      return served;
    };
    expect([await count('free'), await count('gold'), await count(undefined)]).toEqual([1, 3, 5]);
  });

  test('may depend on the operation', async () => {
    const { outcome } = limitedWorld({ operations: { Dashboard: [{ limit: 1 }] } });
    expect(await outcome('query Dashboard { me }')).toBe('served');
    expect(await outcome('query Dashboard { me }')).toBe('refused 429');
    expect(await outcome('query Other { me }')).toBe('served');
  });
});

test('requests may count by what they cost', async () => {
  const { outcome } = limitedWorld({ requests: [{ limit: 10, weight: 'cost' }] });
  // each object that is read costs one, and a list ten: as demand control estimates
  const isExpensive = '{ search { id } }';
  const cheap = '{ report { id } }';
  expect(await outcome(cheap)).toBe('served');
  expect(await outcome(isExpensive)).toBe('refused 429');
  let served = 1;
  while ((await outcome(cheap)) === 'served') served++;
  expect(served).toBe(10);
});

test('a leaky bucket lets requests wait for their turn', async () => {
  const { ask } = limitedWorld({ requests: [{ limit: 100, window: '1s', algorithm: 'LEAKY_BUCKET', burst: 2 }] });
  const order: number[] = [];
  const all = [0, 1, 2, 3].map(async (i) => {
    const { status } = await ask('{ me }');
    order.push(status ?? i);
  });
  await Promise.all(all);
  expect(order).toEqual([429, 0, 1, 2]);
});

test('limits that only count answer by answer can be kept silent', async () => {
  const { ask } = limitedWorld({ headers: false, requests: [{ limit: 5 }] });
  expect((await ask('{ me }')).headers).toEqual({});
});
