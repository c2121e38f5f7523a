import { expect, test } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { operationRules } from '../../src/gateway/operation-rules.ts';

/** Returns the rules of a gateway with a plugin and a module of policies. */
function rulesOf({ folder = '/app', plugin = '1', policies = '1', timeout = '5s', depth = 10 } = {}): string {
  const config = configFileSchema.parse({
    limits: { max_depth: depth },
    plugins: [{ path: `${folder}/plugin.ts`, timeout }],
    authorization: { policies: { module: `${folder}/policies.ts` } },
  });
  return operationRules(config, {
    plugins: { digest: () => plugin },
    policyModule: { digest: () => policies },
  });
}

test('replicas with their files in different folders have the same rules', () => {
  expect(rulesOf({ folder: '/srv/gateway' })).toBe(rulesOf());
});

test.each([{ plugin: '2' }, { policies: '2' }, { timeout: '1s' }, { depth: 5 }])(
  'other rules where something that decides on operations differs: %j',
  (other) => {
    expect(rulesOf(other)).not.toBe(rulesOf());
  },
);
