import { expect, test } from 'vitest';
import { openApiSection } from '../../src/config/sections/bff-openapi.ts';

function problemsOf(settings: object): string[] {
  const read = openApiSection.safeParse(settings);
  return read.success ? [] : read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('what OpenAPI documents say, as OpenAPI has it', () => {
  const settings = {
    title: 'Shop',
    version: '2.1',
    servers: [{ url: 'https://api.example.com' }, { url: '/' }],
    contact: { name: 'Shop team', email: 'shop@example.com' },
    license: { name: 'MIT', identifier: 'MIT' },
    security_schemes: { proxy: { type: 'apiKey', in: 'header', name: 'x-proxy' } },
    security: [{ proxy: [] }, { bearer: ['read'] }],
  };
  expect(openApiSection.parse(settings)).toEqual(settings);
});

test.each<[object, string]>([
  [{ titel: 'Shop' }, ': Unrecognized key: "titel"'],
  [{ version: 2 }, 'version: Invalid input: expected string, received number'],
  [{ servers: [{ url: 'api.example.com' }] }, 'servers.0.url: expected "https://api.example.com"'],
  [{ servers: [{ url: 'https://api.example.com/' }] }, 'servers.0.url: expected "https://api.example.com"'],
  [
    { license: { name: 'MIT', identifier: 'MIT', url: 'https://x.example' } },
    'license: OpenAPI allows `identifier` or',
  ],
  [{ security: [{ proxy: [] }] }, 'security.0.proxy: unknown security scheme; expected one of bearer, apiKey'],
  [{ security_schemes: { proxy: { type: 'key' } } }, 'security_schemes.proxy.type: Invalid option'],
])('%j is refused', (settings, problem) => {
  expect(problemsOf(settings)).toEqual([expect.stringContaining(problem)]);
});
