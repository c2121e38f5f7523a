import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { loadEndpoints } from '../../src/bff/endpoints/endpoints.ts';
import { openApiOf } from '../../src/bff/openapi/openapi.ts';
import { clientFiles } from '../../src/bff/types/client-files.ts';
import { openEvents } from '../gateway/event-reader.ts';
import { composeEvents, eventWorld, startBroker } from '../gateway/event-world.ts';
import { review, subscriptionWorld } from '../gateway/subscription-world.ts';
import { BROKERS } from '../sources/events/test-brokers.ts';
import { engineOver, folderOf } from './support.ts';

const ADDED = `
  # Reviews of a product, as they are written.
  subscription Added($product: ID) @endpoint(path: "/products/:product/reviews") {
    added: reviewAdded(product: $product) { text: body product @flatten { name @optional(fallback: "?") } }
  }`;
const FILES = { 'web/added.graphql': ADDED };

async function world({ files = FILES as Record<string, string>, config = {} } = {}) {
  const one = await subscriptionWorld(config, undefined, { bffDir: folderOf(files) });
  const origin = new URL(one.server.url).origin;
  return { ...one, origin, url: `${origin}/bff/web/products/7/reviews` };
}

describe('a subscription with @endpoint', () => {
  test('is a stream of events in the shape of the file', async () => {
    const { url, topic } = await world();
    const { response, reader } = await openEvents(url, undefined);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    expect(await reader.until('\n\n')).toBe('event: next\ndata: {"added":{"text":"good","name":"product 7"}}\n\n');
    topic.publish(review('better', '8'));
    expect(await reader.until('\n\n')).toBe('event: next\ndata: {"added":{"text":"better","name":"product 8"}}\n\n');
    topic.end();
    expect(await reader.until('\n\n')).toBe('event: done\ndata: {}\nid: done\n\n');
    // an EventSource connects again, and stops
    const again = await fetch(url, { headers: { accept: 'text/event-stream', 'last-event-id': 'done' } });
    expect(again.status).toBe(204);
  });

  test('has an event with meta.partial where an optional part fails, and a problem where another one does', async () => {
    const { url, topic, behave, origin } = await world({
      files: { ...FILES, 'web/strict.graphql': 'subscription { reviewAdded { body product { name } } }' },
    });
    const [lenient, strict] = [
      await openEvents(url, undefined),
      await openEvents(`${origin}/bff/web/strict`, undefined),
    ];
    await topic.hasSubscriptions(2);
    behave('products', (_, res) => void res.writeHead(500).end());
    topic.publish(review('good', '7'));
    expect(dataOf(await lenient.reader.until('\n\n'))).toMatchObject({
      added: { text: 'good', name: '?' },
      meta: { partial: [{ path: ['added', 'name'], code: 'SUBREQUEST_HTTP_ERROR' }] },
    });
    const problem = await strict.reader.until('\n\n');
    expect(problem).toMatch(/^event: problem\n/);
    expect(dataOf(problem)).toMatchObject({
      ...{ type: 'urn:headgate:problem:source-failed', status: 502, instance: '/bff/web/strict' },
      errors: [{ path: ['reviewAdded', 'product', 'name'] }],
    });
    behave('products', undefined);
    topic.publish(review('better', '7'));
    expect(await strict.reader.until('\n\n')).toContain('"name":"product 7"');
  });

  test('is shaped by a module, for each client with its own claims and parameters', async () => {
    const shape = 'export default (data, { variables }) => ({ ...data.reviewAdded, about: variables.product });';
    const { url, topic } = await world({ files: { ...FILES, 'web/added.graphql': SHAPED, 'web/added.mjs': shape } });
    const { reader } = await openEvents(url, undefined);
    await topic.hasSubscriptions(1);
    topic.publish(review('good'));
    expect(await reader.until('\n\n')).toBe('event: next\ndata: {"body":"good","about":"7"}\n\n');
  });

  test('clients of one endpoint share a subscription, and it ends with the last of them', async () => {
    const { url, topic } = await world();
    const [first, second] = [await openEvents(url, undefined), await openEvents(url, undefined)];
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    for (const { reader } of [first, second]) expect(await reader.until('\n\n')).toContain('"text":"good"');
    first.close();
    second.close();
    await topic.hasSubscriptions(0);
  });

  test('silence has comments, a lost connection to the subgraph is reported, and the last attempt fails', async () => {
    const subscription = { heartbeat_interval: '500ms', reconnect: { max_attempts: 1, backoff: { base: '1ms' } } };
    const { url, topic, sockets, stop } = await world({ config: { subscription } });
    const { reader } = await openEvents(url, undefined);
    await topic.hasSubscriptions(1);
    expect(await reader.until('\n\n')).toBe(': keep-alive\n\n');
    topic.publish(review('good', '7'));
    await reader.until('"text":"good","name":"product 7"}}\n\n');
    const before = [...sockets];
    for (const socket of before) socket.terminate();
    await expect.poll(() => [...sockets].some((socket) => !before.includes(socket)) && topic.size === 1).toBe(true);
    topic.publish(review('better', '7'));
    await reader.until('event: missed\ndata: {}\n\n');
    await reader.until('"text":"better","name":"product 7"}}\n\n');
    stop('reviews');
    for (const socket of sockets) socket.terminate();
    await reader.until('event: failed\n');
    expect(dataOf(await reader.until('\n\n'))).toMatchObject({ errors: [{ code: 'SUBSCRIPTION_CONNECTION_LOST' }] });
    expect(await reader.until('\n\n')).toMatch(/^retry: \d+\n\n$/);
  });

  test.each(['application/json', 'application/json, text/plain, */*', 'text/event-stream;q=0, */*'])(
    'refuses a client that accepts %s',
    async (accept) => {
      const { url, topic } = await world();
      const response = await fetch(url, { headers: { accept } });
      expect(response.status).toBe(406);
      expect(await response.json()).toMatchObject({ detail: expect.stringContaining('text/event-stream') });
      expect(topic.size).toBe(0);
    },
  );

  test('parameters, limits and credentials are checked before it starts', async () => {
    const files = {
      'web/count.graphql': 'subscription ($to: Int! @range(max: 3)) { count(to: $to) }',
      'web/mine.graphql': 'subscription @endpoint(auth: { required: true }) { count(to: 1) }',
      'few/count.graphql': 'subscription { count(to: 1) }',
      'few/client.yaml': 'rate_limit: { limit: 1, window: 1h }',
    };
    const { origin } = await world({ files, config: { subscription: { max_opened_subscriptions: 1 } } });
    const get = (path: string) => fetch(`${origin}/bff/${path}`, { headers: { accept: 'text/event-stream' } });
    const response = await get('web/count?to=2');
    expect(await response.text()).toBe(
      'event: next\ndata: {"count":1}\n\nevent: next\ndata: {"count":2}\n\nevent: done\ndata: {}\nid: done\n\n',
    );
    expect((await get('web/count?to=4')).status).toBe(400);
    expect((await get('web/mine')).status).toBe(401);
    expect((await get('few/count')).status).toBe(200);
    expect((await get('few/count')).status).toBe(429);
    expect((await fetch(`${origin}/bff/web/count?to=1`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${origin}/bff/web/count?to=1`, { method: 'HEAD' })).status).toBe(200);
  });

  test('subscription.max_opened_subscriptions counts it; subscription.enabled: false refuses it', async () => {
    const { url, topic } = await world({ config: { subscription: { max_opened_subscriptions: 1 } } });
    await openEvents(url, undefined);
    await topic.hasSubscriptions(1);
    const response = await fetch(url);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ type: 'urn:headgate:problem:subscription-limit-exceeded' });
    const off = await world({ config: { subscription: { enabled: false } } });
    expect((await fetch(off.url)).status).toBe(503);
    expect(JSON.stringify(off.lines)).toContain('subscription.enabled is false');
  });

  test('stops with the gateway, without "done": clients connect elsewhere', async () => {
    const { url, topic, server } = await world();
    const { reader } = await openEvents(url, undefined);
    await topic.hasSubscriptions(1);
    const closing = server.close();
    // on a busy machine, comments may come first
    expect(await reader.until('retry: ')).not.toContain('done');
    expect(await reader.until('\n\n')).toMatch(/^\d+\n\n$/);
    await expect(reader.until('\n\n')).rejects.toThrow('the stream ended');
    await closing;
  });
});

const SHAPED = `subscription ($product: ID) @endpoint(path: "/products/:product/reviews") { reviewAdded { body } }`;

const PLAIN = {
  'web/added.graphql':
    'subscription ($product: ID) @endpoint(path: "/products/:product/reviews") { reviewAdded(product: $product) { body } }',
};

function dataOf(event: string): unknown {
  return JSON.parse(/data: (.*)/.exec(event)?.[1] ?? '');
}

const SDL =
  'type Query { x: Int } type Subscription { count(to: Int!): Int, user: User } type User { id: ID! name: String }';

describe.each(BROKERS.filter(({ canReplay }) => canReplay))('events of $name', (kind) => {
  test.skipIf(!kind.isInstalled)('have their cursors as ids: Last-Event-ID resumes after one', async () => {
    const text = 'subscription { orderUpdated(id: 1) @flatten { id } }';
    const broker = await startBroker(kind);
    const one = await eventWorld(broker, {}, composeEvents(), folderOf({ 'web/order.graphql': text }));
    const url = `${new URL(one.server.url).origin}/bff/web/order`;
    const { reader, close } = await openEvents(url, undefined);
    let first: string | undefined;
    void reader.until('\n\n').then((event) => {
      first = event;
    });
    // there is no other sign that the subscription has begun
    await expect
      .poll(async () => {
        await one.publish('order.1.updated', { id: 'first' });
        return first;
      })
      .toMatch(/^event: next\ndata: \{"id":"first"\}\nid: [^\n]+\n\n$/);
    close();
    for (const id of ['second', 'third']) await one.publish('order.1.updated', { id });
    const cursor = /id: (.*)\n\n/.exec(first ?? '')?.[1] ?? '';
    const again = await openEvents(url, undefined, { 'last-event-id': cursor });
    expect(await again.reader.until('"second"}')).not.toContain('"third"');
    expect(await again.reader.until('\n\n')).not.toBe('');
    expect(dataOf(await again.reader.until('\n\n'))).toEqual({ id: 'third' });
  });
});

describe('a file with a subscription', () => {
  test.each([
    ['@endpoint(method: POST)', /A subscription cannot be a POST endpoint/],
    ['@endpoint(status: 201)', /browsers accept only 200/],
    ['@endpoint(cache: { maxAge: "1m" })', /Responses of a subscription cannot be cached/],
    ['@endpoint(idempotency: { required: true })', /A subscription changes nothing/],
  ])('cannot have %s', async (directive, message) => {
    const dir = folderOf({ 'web/it.graphql': `subscription ${directive} { count(to: 1) }` });
    const { problems } = await loadEndpoints(dir, engineOver(SDL, {}).supergraph);
    expect(problems).toEqual([expect.objectContaining({ message: expect.stringMatching(message) })]);
  });

  test('cannot have a section with a timeout', async () => {
    const text = 'subscription { user { name @optional(timeout: "1s") } }';
    const { problems } = await loadEndpoints(folderOf({ 'web/it.graphql': text }), engineOver(SDL, {}).supergraph);
    expect(problems).toEqual([expect.objectContaining({ message: expect.stringContaining('a subscription') })]);
  });

  test('is in the OpenAPI document', async () => {
    const { supergraph, publicSchema } = engineOver(SDL, {});
    const dir = folderOf({ 'web/it.graphql': 'subscription { user { id name } }' });
    const { endpoints } = await loadEndpoints(dir, supergraph);
    const document = JSON.parse(JSON.stringify(openApiOf(endpoints, publicSchema, { client: 'web' })));
    const { responses } = document.paths['/bff/web/it'].get;
    expect(responses[200].content).toEqual({
      'text/event-stream': { schema: { $ref: '#/components/schemas/ItAnswer' } },
    });
    expect(Object.keys(responses)).toContain('406');
    // an event may be null
    expect(JSON.stringify(document.components.schemas.ItAnswer)).toContain('"null"');
  });
});

/** The part of a generated client that is called here. */
interface Client {
  added(given: object): AsyncGenerator<{ readonly data?: unknown; readonly problem?: { readonly status: number } }>;
}

/** Returns the client that is generated for the files, as JavaScript. */
async function generated(): Promise<Client> {
  const sdl =
    'type Query { x: Int } type Subscription { reviewAdded(product: ID): Review } type Review { body: String }';
  const { supergraph, publicSchema } = engineOver(sdl, {});
  const { endpoints } = await loadEndpoints(folderOf(PLAIN), supergraph);
  const file = join(folderOf({}), 'web.mjs');
  const { typescript } = clientFiles(endpoints, publicSchema, 'web');
  expect(typescript).toContain('AsyncGenerator<ReceivedEvent<AddedAnswer>, void, undefined>');
  writeFileSync(file, (await transform(typescript, { loader: 'ts' })).code);
  return import(/* @vite-ignore */ pathToFileURL(file).href);
}

describe('the generated client', () => {
  test('has an async generator of events', async () => {
    const one = await world({ files: PLAIN });
    const { added } = await generated();
    const events = added({ baseUrl: one.origin, product: '7' });
    const first = events.next();
    await one.topic.hasSubscriptions(1);
    one.topic.publish(review('good'));
    expect(await first).toEqual({ done: false, value: { data: { reviewAdded: { body: 'good' } } } });
    one.topic.end();
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  test('cancels the subscription when its reader stops', async () => {
    const one = await world({ files: PLAIN });
    const { added } = await generated();
    const events = added({ baseUrl: one.origin, product: '7' });
    const first = events.next();
    await one.topic.hasSubscriptions(1);
    one.topic.publish(review('good'));
    await first;
    await events.return(undefined);
    await one.topic.hasSubscriptions(0);
  });

  test('throws the problem of a subscription that fails, and says where events are missing', async () => {
    const { added } = await generated();
    const text = [
      'event: missed\ndata: {}\n\nevent: next\ndata: {"a":1}\nid: 5\n\n',
      'event: problem\ndata: {"status":502,"title":"Bad Gateway"}\n\n',
      'event: failed\ndata: {"status":401,"title":"Unauthorized","detail":"The token has expired."}\n\nretry: 700\n\n',
    ].join('');
    const fetch = async () => new Response(text, { headers: { 'content-type': 'text/event-stream' } });
    const events = added({ product: '7', fetch });
    expect((await events.next()).value).toEqual({ data: { a: 1 }, mayHaveMissedEvents: true, id: '5' });
    expect((await events.next()).value).toEqual({ problem: { status: 502, title: 'Bad Gateway' } });
    await expect(events.next()).rejects.toMatchObject({ status: 401, message: 'The token has expired.' });
  });
});
