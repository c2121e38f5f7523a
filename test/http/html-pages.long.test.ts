import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { configFileSchema } from '../../src/config/config.ts';
import { startServer } from '../../src/gateway/server.ts';
import { pageHeaders } from '../../src/http/html-policy.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { project } from '../cli/run-cli.ts';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const PAGES = ['/graphql', '/bff/docs', '/bff/web/docs', '/demo'];

/** A gateway with each page that it has. */
async function start(settings: object = {}) {
  const subgraph = await fakeSubgraph((_req, res) => {
    res.setHeader('content-type', 'application/json').end('{"data":{"hello":"from the subgraph"}}');
  });
  const dir = await project({
    'schemas/hello.graphql': `extend schema @subgraph(url: "${subgraph.url}")\ntype Query { hello: String }`,
    'bff/web/hello.graphql': 'query Hello @endpoint(path: "/hello") { hello }',
  });
  const file = configFileSchema.parse({ supergraph: { listen: '127.0.0.1:0' }, ...settings });
  const server = await startServer({
    config: { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false },
    schema: createSupergraphProvider({ schemasDir: join(dir, 'schemas') }),
    bffDir: join(dir, 'bff'),
    demo: true,
    logger: createLogger({ level: 'silent' }),
  });
  onTestFinished(() => server.close());
  return server;
}

const load = (origin: string, path: string) => fetch(new URL(path, origin), { headers: { accept: 'text/html' } });

test.each(PAGES)('%s runs its own scripts and no others, and nobody may frame it', async (path) => {
  const { url } = await start();
  const { status, headers } = await load(url, path);
  expect(status).toBe(200);
  const policy = new Map(
    headers
      .get('content-security-policy')
      ?.split('; ')
      .map((one) => one.split(/ (.*)/) as [string, string]),
  );
  expect(policy.get('default-src')).toBe("'none'");
  expect(policy.get('script-src')).toMatch(/^'sha256-[\w+/]{43}='$/);
  expect(policy.get('connect-src')).toBe("'self'");
  expect(policy.get('base-uri')).toBe("'none'");
  expect(policy.get('frame-ancestors')).toBe("'none'");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('x-frame-options')).toBe('DENY');
});

test('security_headers.frame_options says who may frame GraphiQL', async () => {
  const { url } = await start({ security_headers: { frame_options: 'SAMEORIGIN' } });
  expect((await load(url, '/graphql')).headers.get('content-security-policy')).toContain("frame-ancestors 'self'");
  const { url: open } = await start({ security_headers: { frame_options: 'none' } });
  expect((await load(open, '/graphql')).headers.get('content-security-policy')).not.toContain('frame-ancestors');
});

test('each script of a page has its hash; what is in a script or in a style is none', () => {
  const html =
    '<style>/* <script>a</script> */</style><script>let a = "<script>";</script><script type="module">b</script>';
  // printf '%s' 'let a = "<script>";' | openssl dgst -sha256 -binary | base64
  expect(pageHeaders(html)['content-security-policy']).toContain(
    "script-src 'sha256-pQN1NtyuqgHXmzAUzU2+na1S4YHeSIz5XAxaONze+lg=' 'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=';",
  );
});

describe.skipIf(!existsSync(CHROMIUM))('in Chromium', () => {
  /** A page, and all that its console says and that its policy forbids. */
  async function newPage(): Promise<{ page: Page; trouble: string[] }> {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    // the test itself has a timeout: a busy machine may need long
    page.setDefaultTimeout(0);
    const trouble: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) trouble.push(message.text());
    });
    page.on('pageerror', (error) => trouble.push(error.message));
    return { page, trouble };
  }

  test('GraphiQL runs a query, and its language services work', { timeout: 120_000 }, async () => {
    const { url } = await start();
    const { page, trouble } = await newPage();
    const workers: string[] = [];
    page.on('worker', (worker) => workers.push(worker.url().slice(0, 5)));
    await page.goto(url);
    await page.locator('button.graphiql-execute-button').click();
    await page.locator('.graphiql-response', { hasText: '"__typename": "Query"' }).waitFor();
    await expect.poll(() => workers, { timeout: 100_000 }).toContain('blob:');
    expect(trouble).toEqual([]);
  });

  test('the documentation of endpoints shows them', { timeout: 120_000 }, async () => {
    const { url } = await start();
    const { page, trouble } = await newPage();
    await page.goto(new URL('/bff/docs', url).href);
    await page.getByText('/bff/web/hello').first().waitFor();
    expect(trouble).toEqual([]);
  });

  test('a script that somebody gets into a page does not run', { timeout: 120_000 }, async () => {
    const { url } = await start();
    const { page, trouble } = await newPage();
    await page.goto(url);
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.injected = true';
      document.body.append(script);
    });
    expect(await page.evaluate('window.injected')).toBeUndefined();
    expect(trouble).toEqual([expect.stringContaining('Content Security Policy')]);
  });
});
