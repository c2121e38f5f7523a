import { expect, it } from 'vitest';
import { HEALTH_PATHS, LIVENESS_PATHS, READINESS_PATHS } from '../../src/http/health-paths.ts';
import { plainEngine } from '../gateway/plain-engine.ts';
import { serve } from '../gateway/serving.ts';

it('every probe of the documented paths is answered', async () => {
  const engine = plainEngine('type Query { hello: String }', { hello: () => 'hi' });
  const { origin } = await serve({ engine: () => engine });
  const states = [...HEALTH_PATHS].map(async (path) => [path, await (await fetch(origin + path)).json()]);
  expect(await Promise.all(states)).toEqual([
    ['/health', { status: 'UP' }],
    ['/healthcheck', { status: 'UP' }],
    ['/ready', { status: 'READY' }],
    ['/readiness', { status: 'READY' }],
  ]);
  expect([...LIVENESS_PATHS, ...READINESS_PATHS]).toEqual([...HEALTH_PATHS]);
});
