import { describe, expect, it } from 'vitest';
import { readConfigFile } from '../../src/config/config-file.ts';
import { unrelatedOrigin } from '../../src/config/origin-patterns.ts';

describe('a pattern that accepts an origin which it does not name', () => {
  it.each([
    ['.*', 'null'],
    ['null|https://shop\\.example', 'null'],
    ['https?://.+', 'https://evil.example'],
    ['https://[\\w.-]+', 'https://evil.example'],
    ['https://.*\\.example', 'https://evil.example'],
    ['https://.*\\.com', 'https://evil.com'],
    ['https://[a-z]+\\.fr', 'https://evil.fr'],
    ['https://.*\\.vercel\\.app', 'https://evil.vercel.app'],
    ['https://shop\\.example.*', 'https://shop.example.evil.example'],
    ['https://shop\\.example[^/]*', 'https://shop.example.evil.example'],
    ['https://shop\\.example.*:8443', 'https://shop.example.evil.example:8443'],
    ['http://localhost.*', 'http://localhost.evil.example'],
    ['https://.*shop\\.example', 'https://evilshop.example'],
    ['https://[a-z]+.shop\\.example', 'https://evilshop.example'],
    ['https://.*-shop\\.example', 'https://evil-shop.example'],
    ['^https://shop.example$', 'https://shopxexample'],
    ['https://app.example\\.com', 'https://appxexample.com'],
    ['https://(app|admin).shop.example', 'https://appxshop.example'],
    ['https://(.*\\.)?shop.example:3000', 'https://shopxexample:3000'],
    ['https://my.shop.co.uk', 'https://myxshop.co.uk'],
  ])('%s accepts %s', (pattern, origin) => {
    expect(unrelatedOrigin(pattern)?.origin).toBe(origin);
    expect(origin).toMatch(new RegExp(`^(?:${pattern})$`));
  });

  it('comes with advice on what to write', () => {
    expect(unrelatedOrigin('https://shop.example')?.advice).toContain('write each dot of the host as "\\."');
    expect(unrelatedOrigin('https://.*shop\\.example')?.advice).toContain('Put a dot between');
    expect(unrelatedOrigin('https://shop\\.example.*')?.advice).toContain('End the pattern with the host');
    expect(unrelatedOrigin('https://.*')?.advice).toContain('Name the host');
  });
});

it.each([
  'https://shop\\.example',
  '^https:\\/\\/shop\\.example$',
  'https://shop[.]example(:[0-9]+)?',
  'https://.*\\.shop\\.example',
  'https://(.+\\.)?shop\\.example(:\\d+)?',
  'https://([a-z0-9-]+\\.)*shop\\.example',
  'https://[^.]+\\.shop\\.example:8443',
  'https://(app|admin)\\.shop\\.example',
  'https://(www\\.)?(shop|store)\\.(com|net|org)',
  'https://pr-\\d+\\.preview\\.example\\.com',
  'https://[a-z0-9-]+-preview\\.shop\\.example',
  'https://a.b\\.shop\\.example',
  'https://myapp-[a-z0-9]+-myteam\\.vercel\\.app',
  'https://[\\w-]+\\.shop\\.co\\.uk',
  'https://.*\\.internal',
  'https?://localhost(:\\d+)?',
  'http://127.0.0.1:3000',
  'capacitor://localhost',
  'chrome-extension://[a-p]{32}',
])('%s accepts only what it names', (pattern) => {
  expect(unrelatedOrigin(pattern)).toBeUndefined();
});

describe('in the config', () => {
  const read = (credentials: boolean) =>
    readConfigFile(
      'headgate.yaml',
      [
        'cors:',
        '  policies:',
        `    - allow_credentials: ${credentials}`,
        '      match_origins:',
        "        - 'https://shop\\.example'",
        "        - 'https://.*shop\\.example'",
      ].join('\n'),
      {},
    );

  it('such a pattern is refused together with credentials, with its place', () => {
    const config = read(true);
    expect(config.ok ? [] : config.problems).toEqual([
      expect.objectContaining({
        line: 6,
        column: 11,
        message: expect.stringMatching(
          /^cors\.policies\[0\]\.match_origins\[1\]: the pattern also accepts https:\/\/evilshop\.example/,
        ),
      }),
    ]);
  });

  it('it is taken without credentials', () => {
    expect(read(false).ok).toBe(true);
  });
});
