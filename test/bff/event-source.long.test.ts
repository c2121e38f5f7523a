import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { EventSource as UndiciEventSource } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { engineOver, folderOf, serveBff } from './support.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FILES = { 'web/it.graphql': '{ slow news @optional }', 'web/short.graphql': '{ slow }' };

/** An endpoint that counts how often its engine is asked. */
async function serve() {
  const engine = engineOver('type Query { slow: String, news: [String!] }', { slow: 'x', news: ['a'] });
  return { engine, ...(await serveBff({ dir: folderOf(FILES), engine: () => engine })) };
}

/** What an `EventSource` gets until it gives up for good. Runs in Node and in browsers. */
function listen(Source: typeof EventSource, url: string): Promise<string[]> {
  return new Promise((resolve) => {
    const got: string[] = [];
    const source = new Source(url);
    for (const name of ['answer', 'section', 'done'])
      source.addEventListener(name, (event) => got.push(`${name} ${(event as MessageEvent).data}`));
    source.onerror = () => {
      if (source.readyState === 2) resolve(got);
    };
  });
}

const EXPECTED = ['answer {"slow":"x"}', 'section {"path":["news"],"data":["a"]}', 'done {}'];

test("Node's EventSource has everything once, and stops", { timeout: 60_000 }, async () => {
  const { origin, engine } = await serve();
  expect(await listen(UndiciEventSource as never, `${origin}/bff/web/it`)).toEqual(EXPECTED);
  expect(engine.requests).toHaveLength(1);
});

describe.skipIf(!existsSync(CHROMIUM))('in Chromium', () => {
  test('EventSource has everything once, and stops', { timeout: 120_000 }, async () => {
    const { origin, engine } = await serve();
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    await page.goto(`${origin}/bff/web/short`);
    const before = engine.requests.length;
    const got = await page.evaluate(`(${listen})(EventSource, '/bff/web/it')`);
    expect(got).toEqual(EXPECTED);
    expect(engine.requests.length - before).toBe(1);
  });
});
