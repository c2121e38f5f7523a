import { chromium, type Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CHROMIUM, PROGRAMS } from '../programs.ts';
import { BROKERS, type BrokerKind } from '../sources/events/test-brokers.ts';
import { cuttable } from './cuttable.ts';
import { eventWorld, startBroker } from './event-world.ts';

const STREAMS = BROKERS.find(({ name }) => name === 'Redis streams') as BrokerKind;
const QUERY = 'subscription { orderUpdated(id: 1) { id status } }';

/** Opens a page of the gateway's own site. */
async function newPage(url: string): Promise<Page> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  // the test itself has a timeout: a busy machine may need long
  page.setDefaultTimeout(0);
  await page.goto(new URL('/health', url).href);
  return page;
}

/** Opens an EventSource in the page. Returns what reads the events that it has had. */
async function subscribe(page: Page, url: string): Promise<() => Promise<string[]>> {
  await page.evaluate((target) => {
    const events: string[] = [];
    const source = new EventSource(target);
    source.addEventListener('next', ({ data }) => {
      const { data: result, errors } = JSON.parse(data);
      events.push(errors?.[0].extensions.code ?? `${result.orderUpdated.id}: ${result.orderUpdated.status}`);
    });
    source.addEventListener('complete', () => {
      events.push('end');
      source.close();
    });
    Object.assign(window, { events });
  }, url);
  return () => page.evaluate(() => (window as unknown as { events: string[] }).events);
}

describe.skipIf(!PROGRAMS.chromium)('an EventSource in Chromium', () => {
  test.skipIf(!STREAMS.isInstalled)('resumes after the last event when its connection was cut', async () => {
    const world = await eventWorld(await startBroker(STREAMS));
    const { url, cut } = await cuttable(world.server.url);
    const read = await subscribe(await newPage(url), `${url}?query=${encodeURIComponent(QUERY)}`);
    const publish = (id: string) => world.publish('order.1.updated', { id });
    // the first ones may be sent before there is a subscription
    const first = async () => {
      await publish('first');
      return read();
    };
    await expect.poll(first).toContain('first: status first');
    cut();
    const ids = Array.from({ length: 20 }, (_, index) => `${index + 1}`);
    for (const id of ids) await publish(id);
    await expect.poll(read).toContain('20: status 20');
    const seen = (await read()).filter((event) => event !== 'first: status first');
    expect(seen).toEqual(ids.map((id) => `${id}: status ${id}`));
  });

  test.skipIf(!STREAMS.isInstalled)('sees the error and the end of a subscription that is refused', async () => {
    const { server } = await eventWorld(await startBroker(STREAMS));
    const query = QUERY.replace('status', 'nothing');
    const read = await subscribe(await newPage(server.url), `${server.url}?query=${encodeURIComponent(query)}`);
    await expect.poll(read).toEqual(['GRAPHQL_VALIDATION_FAILED', 'end']);
  });
});
