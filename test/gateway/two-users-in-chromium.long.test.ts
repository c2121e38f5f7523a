import { chromium, type Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CHROMIUM, PROGRAMS } from '../programs.ts';
import { apiKey, bearer, type Sent, twoPrincipals } from './two-principals.ts';

/** A page of the gateway's own site, in a browser with an HTTP cache on disk. */
async function newPage(origin: string): Promise<Page> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  // the test itself has a timeout: a busy machine may need long
  page.setDefaultTimeout(0);
  await page.goto(`${origin}/health`);
  return page;
}

/** What a script of the page gets that sends these headers. */
function ask(page: Page, path: string, { headers }: Sent): Promise<string> {
  return page.evaluate(
    async ([url, init]) => {
      const response = await fetch(url, init);
      return response.text();
    },
    [path, { headers }] as const,
  );
}

describe.skipIf(!PROGRAMS.chromium)('in Chromium', () => {
  test.each([
    ['a private endpoint', '/bff/web/private'],
    ['an endpoint that does not say for whom it is', '/bff/web/unsaid'],
    ['a GraphQL query', '/graphql?query={me}'],
  ])('of %s, one user never gets what another one has fetched before', { timeout: 300_000 }, async (_, path) => {
    const world = await twoPrincipals();
    const page = await newPage(world.origin);
    const [ada, bob] = [await bearer('"sub":"ada"'), await bearer('"sub":"bob"')];
    expect(await ask(page, path, ada)).toContain('ada');
    const before = world.calls();
    // the browser does keep it
    expect(await ask(page, path, ada)).toContain('ada');
    expect(world.calls()).toBe(before);
    expect(await ask(page, path, bob)).toContain('bob');
    const [one, two] = [await ask(page, path, apiKey(0)), await ask(page, path, apiKey(1))];
    expect(one).not.toBe(two);
    expect(await ask(page, path, { headers: {} })).not.toContain('shop');
    expect(await ask(page, path, { headers: { 'x-app': 'phone' } })).toContain('phone');
    expect(await ask(page, path, { headers: { 'x-app': 'desk' } })).toContain('desk');
  });
});
