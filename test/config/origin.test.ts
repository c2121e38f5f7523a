import { expect, test } from 'vitest';
import { readConfigFile } from '../../src/config/config-file.ts';

function problemsOf(yaml: string): string[] {
  const read = readConfigFile('headgate.yaml', yaml, {});
  return read.ok ? [] : read.problems.map(({ message }) => message);
}

const origins = (...all: string[]) => problemsOf(`cors: { policies: [{ origins: ${JSON.stringify(all)} }] }`);

test.each([
  '*',
  'https://shop.example',
  'http://localhost:3000',
  'https://shop.example:8443',
  'http://[::1]:3000',
  'capacitor://localhost',
])('%s is an origin', (origin) => expect(origins(origin)).toEqual([]));

test.each([
  ['https://shop.example/', 'write "https://shop.example"'],
  ['https://Shop.example', 'write "https://shop.example"'],
  ['https://shop.example:443', 'write "https://shop.example"'],
  ['https://shop.example/app?x', 'write "https://shop.example"'],
  ['shop.example', 'expected an origin such as'],
  ['https://shop .example', 'expected an origin such as'],
  ['https://', 'expected an origin such as'],
  ['https://me@shop.example', 'write "https://shop.example"'],
  ['https://*.shop.example', 'Use a pattern in `match_origins`'],
])('%s is none', (origin, advice) => {
  expect(origins('https://good.example', origin)).toEqual([
    expect.stringMatching(/^cors\.policies\[0\]\.origins\[1\]: /),
  ]);
  expect(origins(origin)[0]).toContain(advice);
});

test.each([
  ['trusted_proxies: [10.0.0.0/8, 10.0.0.0/99]', 'trusted_proxies[1]: expected an address or a range'],
  ['trusted_proxies: { addresses: [nowhere] }', 'trusted_proxies.addresses[0]: expected an address or a range'],
  ['trusted_proxies: 7', 'trusted_proxies: expected a list of addresses and ranges'],
  ['ip_lists: { deny: [nowhere] }', 'ip_lists.deny[0]: expected an address or a range'],
  ['rate_limits: { requests: [{ limit: 1 }, { limit: 1, by: ["header:a b"] }] }', 'rate_limits.requests[1].by: '],
  ['cors: { policies: [{ methods: ["GET, POST"] }] }', 'cors.policies[0].methods[0]: expected the name of a method'],
  ['rate_limits: { requests: [{ limit: 1, by: ["header:*"] }] }', 'rate_limits.requests[0].by: '],
  ['headers: { all: { request: [{ propagate: { named: "*" } }] } }', 'headers.all.request[0].propagate.named'],
  [
    'cors: { policies: [{ origins: ["https://a.example"], allow_credentials: true, allow_headers: [x-a, "*"] }] }',
    'cors.policies[0].allow_headers[1]: with credentials, browsers do not read "*" as all headers; name the headers',
  ],
  ['authentication: { cookie: "a b" }', 'authentication.cookie: expected the name of a cookie'],
])('an entry of a list is named by its place: %s', (yaml, message) => {
  expect(problemsOf(yaml)[0]).toContain(message);
});

test('a key that is not of its form says which form it has to have', () => {
  expect(problemsOf('bff: { cache: { hints: { "a b": {} } } }')).toEqual([
    'bff.cache.hints.a b: expected "Type" or "Type.field"',
  ]);
});

test('"*" stands for all headers in a policy of CORS without credentials', () => {
  const policy = { origins: ['https://a.example'], allow_headers: ['*'], expose_headers: ['*'] };
  expect(problemsOf(`cors: { policies: [${JSON.stringify(policy)}] }`)).toEqual([]);
});
