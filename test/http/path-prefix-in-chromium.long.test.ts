import { chromium } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CHROMIUM, PROGRAMS } from '../programs.ts';
import { startPrefixed } from './prefixed-gateway.ts';

describe.skipIf(!PROGRAMS.chromium)('in Chromium', () => {
  test('the documentation and GraphiQL call what is below the prefix', { timeout: 120_000 }, async () => {
    const { origin } = await startPrefixed();
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await page.goto(`${origin}/shop-api/bff/docs`);
    await page.locator('section', { hasText: '/bff/web/hello' }).getByRole('button', { name: 'Try it' }).click();
    await page.getByText('"hello": "hi"').first().waitFor();
    expect(asked).toContain('GET /shop-api/bff/web/hello');
    await page.goto(`${origin}/shop-api`);
    await page.waitForRequest((request) => request.method() === 'POST');
    expect(asked).toContain('POST /shop-api/graphql');
    expect(asked.filter((one) => one.includes('/graphql') && !one.includes('/shop-api/graphql'))).toEqual([]);
  });
});
