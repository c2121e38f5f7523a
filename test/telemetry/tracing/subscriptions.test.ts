import { expect, test } from 'vitest';
import { openEvents } from '../../gateway/event-reader.ts';
import { ADDED, review, subscriptionWorld } from '../../gateway/subscription-world.ts';
import { startCollector } from './collector.ts';
import { tracing } from './traced-world.ts';

test('each event of a subscription has a span, with the fetches for it', async () => {
  const collector = await startCollector();
  const telemetry = { exporters: { tracing: tracing(collector) } };
  const { server, topic, behave, seen } = await subscriptionWorld({ telemetry });
  const { reader } = await openEvents(server.url, ADDED);
  await topic.hasSubscriptions(1);
  topic.publish(review('good', '7'));
  await reader.until('\n\n');
  behave('products', (_, res) => void res.writeHead(500).end());
  topic.publish(review('better', '8'));
  await reader.until('\n\n');
  topic.end();
  const trace = await collector.trace();
  expect(trace.tree().slice(-7)).toEqual([
    '  event',
    '    fetch products',
    '      POST',
    '  event',
    '    fetch products',
    '      POST',
    '    mask errors',
  ]);
  const [good, failed] = trace.named('event');
  expect([good?.status.code, failed?.status.code]).toEqual([0, 2]);
  expect(failed?.attributes['error.type']).toBe('SUBREQUEST_HTTP_ERROR');
  const [fetch] = trace.children(good as NonNullable<typeof good>);
  expect(trace.children(fetch as NonNullable<typeof fetch>)[0]?.spanId).toBe(
    String(seen.products?.[0]?.traceparent).split('-')[2],
  );
});
