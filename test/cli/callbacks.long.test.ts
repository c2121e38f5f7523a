import { expect, onTestFinished, test, vi } from 'vitest';
import { apolloServer, reviewsFile } from '../gateway/callback-server.ts';
import { type OpenEvents, openEvents } from '../gateway/event-reader.ts';
import { openRelay, type Relay } from '../gateway/relay.ts';
import { type Review, review, type Topic } from '../gateway/subscription-world.ts';
import { bodyOf, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { HAS_REDIS, startRedis } from '../store/redis-server.ts';
import { project, startCli } from './run-cli.ts';
import { PATIENCE } from './running-gateway.ts';

const ADDED = 'subscription { reviewAdded { body } }';

/** Starts the built gateway, with callbacks that go to a relay. */
async function startGateway(
  subgraph: string,
  { callbacksTo, config = '', args = [] }: GatewaySettings,
): Promise<string> {
  const publicUrl = `http://127.0.0.1:${callbacksTo.port}/subscriptions/callback`;
  const dir = await project({
    'schemas/reviews.graphql': reviewsFile(subgraph),
    'headgate.yaml': `subscription: { mode: { callback: { public_url: "${publicUrl}" } } }\n${config}`,
  });
  const cli = startCli(dir, ['start', '--port', '0', ...args]);
  const line = /^Headgate listening on (\S+)$/m;
  await vi.waitFor(() => expect(cli.output.stdout, cli.output.stderr).toMatch(line), PATIENCE);
  return line.exec(cli.output.stdout)?.[1] ?? '';
}

/** Starts one gateway, to which its callbacks go. */
async function startAlone(subgraph: string, args: readonly string[] = []): Promise<string> {
  const callbacksTo = await openRelay();
  const url = await startGateway(subgraph, { callbacksTo, args });
  callbacksTo.to(portOf(url));
  return url;
}

const portOf = (url: string) => Number(new URL(url).port);

/** Publishes two events and ends the subscription. Expects all of it to arrive at the client. */
async function expectEvents(topic: Topic<Review>, reader: OpenEvents['reader']): Promise<void> {
  await topic.hasSubscriptions(1);
  for (const body of ['one', 'two']) {
    topic.publish(review(body));
    expect(await reader.until('\n\n')).toContain(body);
  }
  topic.end();
  expect(await reader.until('\n\n')).toContain('event: complete');
}

interface GatewaySettings {
  readonly callbacksTo: Relay;
  readonly config?: string;
  readonly args?: readonly string[];
}

test('the built gateway takes the callbacks of Apollo Server', async () => {
  const { url: subgraph, topic } = await apolloServer();
  const url = await startAlone(subgraph);
  const { reader } = await openEvents(url, ADDED);
  await expectEvents(topic, reader);
});

test('a callback may arrive at any worker', async () => {
  const accepted: { readonly callbackUrl: string; readonly subscriptionId: string; readonly verifier: string }[] = [];
  const { url: subgraph } = await fakeSubgraph(async (req, res) => {
    accepted.push(JSON.parse(await bodyOf(req)).extensions.subscription);
    res.setHeader('content-type', 'application/json').end('{"data":null}');
  });
  const url = await startAlone(subgraph, ['--workers', '2']);
  const { reader } = await openEvents(url, ADDED);
  await expect.poll(() => accepted.length, PATIENCE).toBe(1);
  const send = async (index: number, callback: object) => {
    const { callbackUrl, subscriptionId: id, verifier } = accepted[index] ?? { callbackUrl: '' };
    const headers = { 'content-type': 'application/json', connection: 'close' };
    const body = JSON.stringify({ kind: 'subscription', id, verifier, ...callback });
    return (await fetch(callbackUrl, { method: 'POST', headers, body })).status;
  };
  // each on a connection of its own, which any worker may accept
  for (let n = 1; n <= 20; n++) {
    const payload = { data: { reviewAdded: { body: `event ${n}` } } };
    expect(await send(0, { action: 'next', payload })).toBe(204);
    expect(await reader.until('\n\n')).toContain(`"event ${n}"`);
  }
  const wrong = await Promise.all(Array.from({ length: 10 }, () => send(0, { action: 'check', verifier: 'x' })));
  expect(new Set(wrong)).toEqual(new Set([400]));
  expect(await send(0, { action: 'complete' })).toBe(202);
  const late = await Promise.all(Array.from({ length: 10 }, () => send(0, { action: 'check' })));
  expect(new Set(late)).toEqual(new Set([404]));
});

test.skipIf(!HAS_REDIS)('a callback may arrive at another replica, with Redis', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.close());
  const { url: subgraph, topic } = await apolloServer();
  const config = `store: { redis: { url: "${redis.url}" } }`;
  const callbacksTo = await openRelay();
  const url = await startGateway(subgraph, { callbacksTo, config });
  callbacksTo.to(portOf(await startGateway(subgraph, { callbacksTo, config })));
  const { reader } = await openEvents(url, ADDED);
  await expectEvents(topic, reader);
});
