import { describe, expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSources } from '../../src/composition/read-sources.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { folderWith } from './folder.ts';

const orders = (subscription: string, more = '') => `extend schema @subgraph(url: "http://127.0.0.1:4001/graphql")
type Query { order(id: ID!): Order }
type Order @key(fields: "id") { id: ID! status: String }
type Plain { a: Int }
input Filter { id: ID!, maybe: ID, tags: [String!]! }
${subscription}
${more}
`;

async function compose(files: Readonly<Record<string, string>>) {
  const { sources, problems } = await readSources(await folderWith(files), {});
  return problems.length > 0 ? { ok: false as const, problems } : composeSupergraph(sources);
}

async function problemOf(files: Readonly<Record<string, string>>): Promise<string> {
  const composed = await compose(files);
  if (composed.ok) throw new Error('composed');
  return composed.problems.map(({ code, line, message, hint }) => [line, code, message, hint].join(' | ')).join('\n');
}

describe('@event and @publish', () => {
  test('travel in the supergraph, and are subgraphs of their own to the planner', async () => {
    const composed = await compose({
      'orders.graphql': orders(
        'type Subscription { changed(id: ID!): Order @event(source: "main", topic: "order.{args.id}") stored: Order @event(source: "main", topic: "stored", payload: FULL) native: Int }',
        'type Mutation { send(id: ID!): Order @publish(source: "main", topic: "order.{args.id}") touch: Boolean }',
      ),
    });
    if (!composed.ok) throw new Error(composed.problems.map(formatProblem).join('\n'));
    const { subgraphs, publicSchema } = readSupergraph(composed.supergraphSdl);
    const fields = subgraphs.map(({ name, types }) => [
      name,
      ...['Subscription', 'Mutation'].flatMap((type) => [...(types.get(type)?.fields.keys() ?? [])]),
    ]);
    expect(fields).toEqual([
      ['orders', 'native', 'touch'],
      ['orders.events', 'changed', 'send'],
      ['orders.payloads', 'stored'],
    ]);
    expect(publicSchema.getDirectives().map(({ name }) => name)).not.toContain('event');
    expect(publicSchema.getType('EventPayload')).toBeUndefined();
    expect(publicSchema.getType('headgate__EventPayload')).toBeUndefined();
  });

  test('a file that has only events needs no URL', async () => {
    const composed = await compose({
      'orders.graphql': orders(''),
      'events.graphql':
        'type Subscription { changed(id: ID!): Order @event(source: "main", topic: "order.{args.id}") } type Order @key(fields: "id", resolvable: false) { id: ID! }',
    });
    if (!composed.ok) throw new Error(composed.problems.map(formatProblem).join('\n'));
    expect(readSupergraph(composed.supergraphSdl).subgraphs.map(({ name }) => name)).toEqual(['events', 'orders']);
  });

  test('a REST API has events, too', async () => {
    const composed = await compose({
      'orders.graphql': `extend schema @source(name: "api", http: {baseURL: "http://127.0.0.1:1"})
type Query { order(id: ID!): Order @connect(source: "api", http: {GET: "/orders/{$args.id}"}, selection: "id status", entity: true) }
type Subscription { changed(id: ID!): Order @event(source: "main", topic: "order.{args.id}") }
type Mutation { send(id: ID!): Boolean @publish(source: "main", topic: "order.{args.id}") }
type Order { id: ID! status: String }
`,
    });
    if (!composed.ok) throw new Error(composed.problems.map(formatProblem).join('\n'));
    const { subgraphs } = readSupergraph(composed.supergraphSdl);
    expect(subgraphs.map(({ name }) => name)).toEqual(['orders', 'orders.events']);
  });
});

describe('mistakes', () => {
  const event = (field: string, directive = '@event(source: "main", topic: "order.{args.id}")') =>
    `type Subscription { ${field} ${directive} }`;

  test.each([
    [
      'an argument that the field does not have',
      event('changed(key: ID!): Order'),
      '{args.id} has no value: the field has no argument "id". | There are: key.',
    ],
    [
      'an argument that may be null',
      event('changed(id: ID): Order'),
      '{args.id} may be null. | Write ID!, or give it a default.',
    ],
    ['a list', event('changed(id: [ID!]!): Order'), '{args.id} is a list, and a topic has one value in each place.'],
    ['an object', event('changed(id: Filter!): Order'), '{args.id} is an object; expected a value of one field.'],
    [
      'a field of a plain value',
      event('changed(id: ID!): Order', '@event(source: "main", topic: "a.{args.id.x}")'),
      '{args.id.x} is no object; expected a value of one field.',
    ],
    [
      'a field of an object that may be null',
      event('changed(f: Filter!): Order', '@event(source: "main", topic: "a.{args.f.maybe}")'),
      '{args.f.maybe} may be null.',
    ],
    [
      'a topic that is none',
      event('changed: Order', '@event(source: "main", topic: "a b")'),
      '"a b" is no topic: it has a space.',
    ],
    [
      'what is no entity',
      event('changed(id: ID!): Plain'),
      '"Plain" has no @key, so it is not an entity. | Add a @key, or write `payload: FULL`',
    ],
    ['a plain value', event('changed(id: ID!): Int'), '"Int" is no object type of this file'],
    [
      'another type',
      'type Mutation { changed(id: ID!): Order @event(source: "main", topic: "order.{args.id}") }',
      'it belongs on fields of the subscription type.',
    ],
    [
      'an empty source',
      event('changed(id: ID!): Order', '@event(source: "", topic: "order.{args.id}")'),
      'the source is empty',
    ],
    [
      '@publish without the key',
      'type Mutation { send(other: ID!): Order @publish(source: "main", topic: "a.{args.other}") }',
      '"id" of the key of "Order" is in no argument.',
    ],
    [
      '@publish with another result',
      'type Mutation { send(id: ID!): Int @publish(source: "main", topic: "a.{args.id}") }',
      'the type of the field is neither Boolean nor an entity.',
    ],
    [
      '@publish with a wildcard',
      'type Mutation { send(id: ID!): Boolean @publish(source: "main", topic: "a.*") }',
      'it has a wildcard, and a message is for one topic.',
    ],
    [
      'a second directive',
      event('changed(id: ID!): Order', '@event(source: "main", topic: "a") @event(source: "main", topic: "b")'),
      'the field has another one.',
    ],
  ])('%s', async (_, field, message) => {
    const problem = await problemOf({ 'orders.graphql': orders(field) });
    expect(problem).toMatch(/^6 \| INVALID_EVENT \| @(event|publish) on "/);
    expect(problem).toContain(message);
  });

  test('a field without an event in a file without a URL', async () => {
    expect(
      await problemOf({
        'events.graphql': `${event('changed(id: ID!): Int', '@event(source: "a", topic: "b", payload: FULL)')}\ntype Query { a: Int }`,
      }),
    ).toBe(
      '2 | MISSING_EVENT | Query.a cannot be resolved: the file has only events, and no URL of a subgraph. | Add @event or @publish to the field, or `extend schema @subgraph(url: "http://…")` to the file.',
    );
  });

  test('a field of an entity that only a file without a URL has', async () => {
    const problem = await problemOf({
      'orders.graphql': orders(''),
      'events.graphql': `${event('changed(id: ID!): Order')} type Order @key(fields: "id") { id: ID! lost: Int }`,
    });
    expect(problem).toContain('SATISFIABILITY_ERROR');
  });
});
