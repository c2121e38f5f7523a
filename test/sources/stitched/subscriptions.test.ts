import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { createHandler } from 'graphql-sse/lib/use/http';
import { useServer } from 'graphql-ws/use/ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { openEvents } from '../../gateway/event-reader.ts';
import { subscriptionWorld, Topic } from '../../gateway/subscription-world.ts';
import { fakeSubgraph } from '../fake-subgraph.ts';
import { gatewayOver, stubSubgraph } from './gateway.ts';

const CHAT = `
  type Query { version: Int }
  type Subscription { posted(in: ID): Post! left: Post! }
  interface Post { id: ID! author: User! }
  type Text implements Post { id: ID! author: User! text: String! }
  type Image implements Post { id: ID! author: User! url: String! }
  type User { id: ID! }`;

/** In the graph, `Text` is `ChatMessage`, and the field is `chatPosted`. */
const fileOf = (url: string, sdl = CHAT) =>
  `extend schema @service(url: "${url}", prefix: "Chat")\n${sdl
    .replace('type Text implements Post', 'type Text implements Post @rename(to: "ChatMessage")')
    .replace('type User {', 'type User @key(fields: "id", resolvable: false) {')}`;

interface Post {
  readonly __typename: string;
  readonly id: string;
  readonly author: { readonly id: string };
  readonly text?: string;
}

const post = (id: string): Post => ({ __typename: 'Text', id, author: { id: `u${id}` }, text: `text ${id}` });

const POSTED = `subscription { chatPosted(in: "1") { __typename id author { name } ... on ChatMessage { text } } }`;

const SERVERS: Record<string, (schema: GraphQLSchema) => Promise<string>> = {
  graphql_ws: async (schema) => {
    const { url, server } = await fakeSubgraph((_, res) => res.writeHead(404).end());
    const sockets = new WebSocketServer({ server });
    useServer({ schema }, sockets);
    onTestFinished(() => {
      for (const socket of sockets.clients) socket.terminate();
    });
    return url;
  },
  sse: async (schema) => (await fakeSubgraph(createHandler({ schema }) as RequestListener)).url,
};

/** A service of a chat, whose events come by a protocol, and a subgraph of its users. */
async function chatWorld(protocol: string) {
  const topics = { posted: new Topic<Post>(), left: new Topic<Post>() };
  const schema = buildSchema(CHAT);
  const fields = schema.getSubscriptionType()?.getFields() ?? {};
  for (const name of ['posted', 'left'] as const) {
    const field = fields[name];
    if (field) Object.assign(field, { subscribe: () => topics[name].subscribe(), resolve: (event: Post) => event });
  }
  const users = await stubSubgraph(
    `type Query { users: Int }
     type User @key(fields: "id") { id: ID! name: String! }`,
    { entities: { User: ({ id }: { id: string }) => ({ id, name: `name of ${id}` }) } },
  );
  const url = (await SERVERS[protocol]?.(schema)) ?? '';
  const mode = { passthrough: { subgraphs: { chat: { protocol } } } };
  const gateway = await gatewayOver({ users: users.file, chat: fileOf(url) }, { subscription: { mode } });
  return { gateway, topics, url };
}

describe.each(Object.keys(SERVERS))('subscriptions of a plain service over %s', (protocol) => {
  test('events have the names of the graph, and are completed from other subgraphs', async () => {
    const { gateway, topics } = await chatWorld(protocol);
    const { reader, close } = await openEvents(gateway.url, POSTED);
    await topics.posted.hasSubscriptions(1);
    topics.posted.publish(post('7'));
    const event = JSON.parse(/data: (.*)/.exec(await reader.until('\n\n'))?.[1] ?? '');
    expect(event).toEqual({
      data: { chatPosted: { __typename: 'ChatMessage', id: '7', author: { name: 'name of u7' }, text: 'text 7' } },
    });
    close();
    await topics.posted.hasSubscriptions(0);
  });

  test('a new file that renames another field of the service subscribes to that one', async () => {
    const { gateway, topics, url } = await chatWorld(protocol);
    const { reader } = await openEvents(gateway.url, 'subscription { chatPosted { id } }');
    await topics.posted.hasSubscriptions(1);
    const renamed = CHAT.replace('posted(in: ID): Post!', 'posted(in: ID): Post! @rename(to: "before")').replace(
      'left: Post!',
      'left: Post! @rename(to: "chatPosted")',
    );
    await writeFile(`${gateway.dir}/chat.graphql`, fileOf(url, renamed));
    await topics.left.hasSubscriptions(1);
    await topics.posted.hasSubscriptions(0);
    topics.left.publish(post('8'));
    // what comes before may be a heartbeat
    await reader.until('{"chatPosted":{"id":"8"}}');
  });

  test('a new file with the same names keeps the subscription', async () => {
    const { gateway, topics, url } = await chatWorld(protocol);
    const { reader } = await openEvents(gateway.url, POSTED);
    await topics.posted.hasSubscriptions(1);
    const schemas = () => gateway.lines.filter(({ msg }) => /schema/.test(msg)).length;
    const before = schemas();
    await writeFile(`${gateway.dir}/chat.graphql`, fileOf(url, CHAT.replace('version: Int', 'version: Int more: Int')));
    await expect.poll(schemas, { timeout: 10_000 }).toBeGreaterThan(before);
    topics.posted.publish(post('9'));
    await reader.until('"text":"text 9"');
    expect(topics.posted.size).toBe(1);
  });
});

test('a service can send its events in a multipart response', async () => {
  const upstream = await subscriptionWorld();
  const sdl = `type Query { version: Int }
    type Subscription { count(to: Int!): Int @rename(to: "ticks") }`;
  const gateway = await gatewayOver(
    { counter: `extend schema @service(url: "${upstream.server.url}")\n${sdl}` },
    { subscription: { mode: { passthrough: { all: { protocol: 'multipart' } } } } },
  );
  const { reader } = await openEvents(gateway.url, 'subscription { ticks(to: 2) }');
  for (const count of [1, 2]) expect(await reader.until('\n\n')).toContain(`{"data":{"ticks":${count}}}`);
  expect(await reader.until('\n\n')).toContain('event: complete');
});
