import { chromium } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { review, subscriptionWorld } from '../gateway/subscription-world.ts';
import { CHROMIUM, PROGRAMS } from '../programs.ts';
import { folderOf } from './support.ts';

const ADDED = `subscription Added($product: ID) @endpoint(path: "/products/:product/reviews") {
  added: reviewAdded(product: $product) { text: body product @flatten { name } }
}`;

describe.skipIf(!PROGRAMS.chromium)('in Chromium', () => {
  test('EventSource receives the events, and stops after "done"', { timeout: 120_000 }, async () => {
    const bffDir = folderOf({ 'web/added.graphql': ADDED });
    const { server, topic } = await subscriptionWorld({}, undefined, { bffDir });
    const url = new URL('/bff/web/products/7/reviews', server.url).href;
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    await page.goto(new URL('/health', url).href);
    const got = page.evaluate(`(${listen})(${JSON.stringify(url)})`);
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    topic.publish(review('better', '7'));
    topic.end();
    expect(await got).toEqual([
      'next {"added":{"text":"good","name":"product 7"}}',
      'next {"added":{"text":"better","name":"product 7"}}',
      'done {}',
    ]);
  });
});

/** What an `EventSource` gets until it gives up for good. Runs in the browser. */
function listen(url: string): Promise<string[]> {
  return new Promise((resolve) => {
    const got: string[] = [];
    const source = new EventSource(url);
    for (const name of ['next', 'problem', 'failed', 'done'])
      source.addEventListener(name, (event) => got.push(`${name} ${(event as MessageEvent).data}`));
    source.onerror = () => {
      if (source.readyState === 2) resolve(got);
    };
  });
}
