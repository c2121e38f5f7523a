import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { folderOf } from '../../bff/support.ts';
import { type HttpWorld, httpWorld } from '../../gateway/http-world.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

const shop = {
  shop: {
    typeDefs: 'type Query { hello: String } type Mutation { greet(name: String!): String }',
    resolvers: { Query: { hello: () => 'hi' }, Mutation: { greet: (_: unknown, args: { name: string }) => args.name } },
  },
};

const greet = 'mutation ($name: String!) @endpoint(path: "/greet", method: POST) { greet(name: $name) }';
const hello = 'query @endpoint(path: "/hello") { hello }';

/** A page of a site of its own: another port is another origin. */
async function newSite(): Promise<string> {
  const site = createServer((_req, res) => void res.setHeader('content-type', 'text/html').end('<title>Shop</title>'));
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    site.close();
    site.closeAllConnections();
  });
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
}

/** Two sites, and a gateway whose global policy allows one, and whose client `web` has a policy of its own. */
async function gateway(clientCors: (first: string, second: string) => string, config: object = {}) {
  const [first, second] = [await newSite(), await newSite()];
  const bffDir = folderOf({
    'web/client.yaml': `cors: ${clientCors(first, second)}\n`,
    'web/greet.graphql': greet,
    'web/hello.graphql': hello,
    'open/greet.graphql': greet,
  });
  const cors = { policies: [{ origins: [first], allow_credentials: true }] };
  const world = await httpWorld(shop, { bffDir, config: { cors, ...config } });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  const pageAt = async (site: string) => {
    const page = await browser.newPage();
    // the test itself has a timeout: a busy machine may need long
    page.setDefaultTimeout(0);
    await page.goto(site);
    return page;
  };
  return { world, first, second, pageAt };
}

/** What a script of the page can read of the response to a POST of JSON, which browsers ask for leave before. */
function greetFrom(page: Page, { server }: HttpWorld, path: string): Promise<string> {
  return page.evaluate(async (url) => {
    const init = {
      method: 'POST',
      credentials: 'include',
      headers: { 'content-type': 'application/json', 'x-csrf': '1' },
      body: '{"name":"Ada"}',
    } as const;
    const response = await fetch(url, init).catch((error: Error) => error);
    if (response instanceof Error) return 'refused';
    return `${response.status} ${await response.text()} ${response.headers.has('x-request-id')}`;
  }, new URL(path, server.url).href);
}

const GREETED = '200 {"greet":"Ada"} true';

describe.skipIf(!existsSync(CHROMIUM))('in Chromium, a POST with credentials from a page of another site', () => {
  test('is answered where the policy of the client allows the site, and nowhere else', {
    timeout: 60_000,
  }, async () => {
    const { world, first, second, pageAt } = await gateway(
      (_, other) => `{ origins: ["${other}"], credentials: true }`,
    );
    const [atFirst, atSecond] = [await pageAt(first), await pageAt(second)];
    // `web` allows the second site in place of the first; `open` says nothing of its own
    expect(await greetFrom(atSecond, world, '/bff/web/greet')).toBe(GREETED);
    expect(await greetFrom(atFirst, world, '/bff/web/greet')).toBe('refused');
    expect(await greetFrom(atFirst, world, '/bff/open/greet')).toBe(GREETED);
    expect(await greetFrom(atSecond, world, '/bff/open/greet')).toBe('refused');
    expect(world.calls.shop).toBe(2);
  });

  test('is refused where the client takes no credentials, though the gateway would', { timeout: 60_000 }, async () => {
    const { world, first, pageAt } = await gateway((site) => `{ origins: ["${site}"] }`);
    expect(await greetFrom(await pageAt(first), world, '/bff/web/greet')).toBe('refused');
    expect(world.calls.shop).toBe(0);
  });

  test('can read why it is refused: 401 of the gateway, 404 and problems of an endpoint', {
    timeout: 60_000,
  }, async () => {
    const jwks = [{ secret: 'a secret of thirty-two characters' }];
    const { world, second, pageAt } = await gateway((_, other) => `{ origins: ["${other}"], credentials: true }`, {
      authentication: { router: { jwt: { jwks } }, require_authentication: true },
    });
    const page = await pageAt(second);
    expect(await greetFrom(page, world, '/bff/web/greet')).toMatch(/^401 .*"status":401.* true$/);
    expect(await greetFrom(page, world, '/bff/open/greet')).toBe('refused');
  });
});

describe('a policy in client.yaml', () => {
  const preflight = async (url: URL, origin: string, method = 'POST') => {
    const headers = { origin, 'access-control-request-method': method, 'access-control-request-headers': 'x-app' };
    const answer = await fetch(url, { method: 'OPTIONS', headers });
    return Object.fromEntries([...answer.headers].filter(([name]) => /^(access-control-|vary$)/.test(name)));
  };

  test('answers the preflight request, with the methods of the path and headers of its own', async () => {
    const yaml =
      'cors: { origins: ["https://web.example"], allow_headers: [x-app], expose_headers: [x-total], max_age: 5m }';
    const bffDir = folderOf({ 'web/client.yaml': yaml, 'web/greet.graphql': greet, 'web/hello.graphql': hello });
    const cors = { policies: [{ origins: ['*'], max_age: '1h' }] };
    const { server } = await httpWorld(shop, { bffDir, config: { cors } });
    expect(await preflight(new URL('/bff/web/greet', server.url), 'https://web.example')).toEqual({
      'access-control-allow-origin': 'https://web.example',
      'access-control-allow-methods': 'POST, OPTIONS',
      'access-control-allow-headers': 'x-app',
      'access-control-expose-headers': expect.stringMatching(/^etag, .*x-total$/),
      'access-control-max-age': '300',
      vary: 'origin, access-control-request-headers',
    });
    expect(await preflight(new URL('/bff/web/hello', server.url), 'https://web.example', 'GET')).toMatchObject({
      'access-control-allow-methods': 'GET, HEAD, OPTIONS',
    });
    // the global policy would allow it
    expect(await preflight(new URL('/bff/web/greet', server.url), 'https://other.example')).toEqual({ vary: 'origin' });
    const answer = await fetch(new URL('/bff/web/hello', server.url), { headers: { origin: 'https://other.example' } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(await preflight(server.url as unknown as URL, 'https://other.example')).toMatchObject({
      'access-control-allow-origin': '*',
    });
  });
});
