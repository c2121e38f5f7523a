import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { OTHER_GATEWAY_KEYS } from '../../src/config/other-gateway-keys.ts';
import { ROUTER_KEYS } from '../../src/config/router-keys.ts';
import { followDocument } from './document.ts';

describe('what docs/deploying.md says, in its order', () => {
  followDocument('docs/deploying.md', { atLeast: 3 });
});

describe('what docs/apollo-router.md says, in its order', () => {
  followDocument('docs/apollo-router.md', { atLeast: 3 });

  test('its table has what is said of each key', () => {
    const reported = [...ROUTER_KEYS].map(
      ([key, instead]) => `| \`${key}\` | ${instead.replaceAll(/"([a-zA-Z0-9_.]+)"/g, '`$1`')} |`,
    );
    expect(readFileSync('docs/apollo-router.md', 'utf8')).toContain(reported.join('\n'));
  });
});

describe('what docs/cosmo-and-hive.md says, in its order', () => {
  followDocument('docs/cosmo-and-hive.md', { atLeast: 1 });

  test('its table has what is said of each key', () => {
    const reported = [...OTHER_GATEWAY_KEYS].map(
      ([key, instead]) => `| \`${key}\` | ${instead.replaceAll(/"([a-zA-Z0-9_.: ]+)"/g, '`$1`')} |`,
    );
    expect(readFileSync('docs/cosmo-and-hive.md', 'utf8')).toContain(reported.join('\n'));
  });
});
