import { expect, test } from 'vitest';
import { plainEngine } from '../gateway/plain-engine.ts';
import { serve } from '../gateway/serving.ts';

test('an error of the gateway under /bff has problem details that no cache stores', async () => {
  const { port } = await serve({ engine: () => plainEngine('type Query { hello: String }', {}) });
  const response = await fetch(`http://127.0.0.1:${port}/bff/web/orders?page=2`);
  expect(response.status).toBe(404);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toMatchObject({ type: 'urn:headgate:problem:not-found', instance: '/bff/web/orders' });
});
