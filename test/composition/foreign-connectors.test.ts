import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { CompositionError } from '../../src/composition/supergraph-provider.ts';
import { createSupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { configFileSchema } from '../../src/config/config.ts';
import { startServer } from '../../src/gateway/server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { json, stubApi } from '../sources/rest/stub-api.ts';
import { stubSubgraph } from '../sources/stitched/gateway.ts';
import { folderWith } from './folder.ts';

/** What Apollo's composition writes round the types of a supergraph with connectors. */
const head = (connect: string, source: string) => `
schema
  @link(url: "https://specs.apollo.dev/link/v1.0")
  @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)
  @link(url: "https://specs.apollo.dev/connect/${connect}", for: EXECUTION)
  @join__directive(graphs: [STAFF], name: "link", args: {url: "https://specs.apollo.dev/connect/${connect}", import: ["@connect", "@source"]})
  @join__directive(graphs: [STAFF], name: "source", args: ${source})
{
  query: Query
  mutation: Mutation
}
directive @join__directive(graphs: [join__Graph!], name: String!, args: join__DirectiveArguments) repeatable on SCHEMA | OBJECT | INTERFACE | FIELD_DEFINITION
directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean, overrideLabel: String) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
scalar join__DirectiveArguments
scalar join__FieldSet
scalar link__Import
enum link__Purpose { SECURITY EXECUTION }`;

const TYPES = (desks: string) => `
enum join__Graph {
  STAFF @join__graph(name: "staff", url: "none")
  DESKS @join__graph(name: "desks", url: "${desks}")
}

enum Rank @join__type(graph: STAFF) { JUNIOR @join__enumValue(graph: STAFF) SENIOR @join__enumValue(graph: STAFF) }

input Hiring @join__type(graph: STAFF) { name: String! rank: Rank }

type Query @join__type(graph: STAFF) @join__type(graph: DESKS) {
  people(rank: Rank): [Person!]! @join__field(graph: STAFF) @join__directive(graphs: [STAFF], name: "connect", args: {source: "hr", http: {GET: "/people?rank={$args.rank}"}, selection: "$.items {\\n  id\\n  manager: boss { id }\\n}"})
  person(id: ID!): Person @join__field(graph: STAFF) @join__directive(graphs: [STAFF], name: "connect", args: {source: "hr", http: {GET: "/people/{$args.id}"}, selection: "id name: full_name rank manager: boss { id }", entity: true})
  desks: [Desk!]! @join__field(graph: DESKS)
}

type Mutation @join__type(graph: STAFF) {
  hire(hiring: Hiring!): Person @join__directive(graphs: [STAFF], name: "connect", args: {source: "hr", http: {POST: "/people", body: "$args.hiring { full_name: name rank }"}, selection: "id"})
}

type Person @join__type(graph: STAFF, key: "id") @join__type(graph: DESKS, key: "id") {
  id: ID!
  name: String @join__field(graph: STAFF)
  rank: Rank @join__field(graph: STAFF)
  manager: Manager @join__field(graph: STAFF)
  floor: Int @join__field(graph: STAFF, external: true) @join__field(graph: DESKS)
  lift: String @join__field(graph: STAFF, requires: "floor") @join__directive(graphs: [STAFF], name: "connect", args: {source: "hr", http: {GET: "/lifts/{$this.floor}"}, selection: "$.lift"})
}

type Manager @join__type(graph: STAFF) @join__directive(graphs: [STAFF], name: "connect", args: {source: "hr", http: {POST: "/managers", body: "ids: $batch.id"}, batch: {maxSize: 50}, selection: "id name"}) {
  id: ID!
  name: String
}

type Desk @join__type(graph: DESKS) { number: Int! owner: Person! }`;

const SOURCE = (url: string) =>
  `{name: "hr", http: {baseURL: "${url}", headers: [{name: "x-key", value: "{$config.key}"}]}, errors: {message: "error.text"}}`;

async function company(connect: string) {
  const desks = await stubSubgraph(
    'type Query { desks: [Desk!]! } type Desk @join__type(graph: DESKS) { number: Int! owner: Person! } type Person @key(fields: "id") { id: ID! floor: Int }',
    {
      resolvers: { Query: { desks: () => ['1', '2'].map((id) => ({ number: Number(id) * 10, owner: { id } })) } },
      entities: { Person: ({ id }: { id: string }) => ({ id, floor: Number(id) + 3 }) },
    },
  );
  const api = await stubApi(({ method, url, body, headers }) => {
    if (headers['x-key'] !== 'k1') return json(401, { error: { text: 'who are you?' } });
    if (url === '/managers') return (JSON.parse(body).ids as string[]).map((id) => ({ id, name: `Boss ${id}` }));
    if (method === 'POST') return { id: `${JSON.parse(body).full_name}-${JSON.parse(body).rank}` };
    if (url.startsWith('/people?')) return { items: ['1', '2'].map((id) => ({ id, boss: { id: '9' } })) };
    if (url.startsWith('/lifts/')) return { lift: `lift to ${url.split('/').at(-1)}` };
    return {
      id: url.split('/').at(-1),
      full_name: `Person ${url.split('/').at(-1)}`,
      rank: 'SENIOR',
      boss: { id: '9' },
    };
  });
  const dir = await folderWith({ 'super.graphql': `${head(connect, SOURCE(api.url))}${TYPES(desks.url)}` });
  const file = configFileSchema.parse({
    supergraph: { listen: '127.0.0.1:0' },
    connectors: { sources: { 'staff.hr': { $config: { key: 'k1' } } } },
  });
  const server = await startServer({
    config: { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false },
    schema: createSupergraphProvider({ supergraphFile: join(dir, 'super.graphql') }),
    logger: createLogger({ level: 'silent', format: 'json' }),
  });
  onTestFinished(() => server.close());
  const ask = async (query: string) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query }) })).json();
  };
  return { api, ask };
}

test.each(['v0.1', 'v0.2'])('a supergraph that was composed elsewhere, with connectors %s', async (connect) => {
  const { api, ask } = await company(connect);
  expect(await ask('{ people(rank: SENIOR) { id name lift manager { name } } }')).toEqual({
    data: {
      people: [
        { id: '1', name: 'Person 1', lift: 'lift to 4', manager: { name: 'Boss 9' } },
        { id: '2', name: 'Person 2', lift: 'lift to 5', manager: { name: 'Boss 9' } },
      ],
    },
  });
  expect(api.lines()).toContain('GET /people?rank=SENIOR');
  expect(api.lines().filter((line) => line === 'POST /managers')).toHaveLength(1);
  expect(await ask('{ desks { number owner { name rank } } }')).toEqual({
    data: {
      desks: [
        { number: 10, owner: { name: 'Person 1', rank: 'SENIOR' } },
        { number: 20, owner: { name: 'Person 2', rank: 'SENIOR' } },
      ],
    },
  });
  expect(await ask('mutation { hire(hiring: {name: "Ann", rank: JUNIOR}) { id } }')).toEqual({
    data: { hire: { id: 'Ann-JUNIOR' } },
  });
});

test('what is unknown or invalid is reported with its place', async () => {
  const wrong = TYPES('http://none')
    .replace('name: full_name rank', 'name: full_name->sing rank')
    .replace('{source: "hr", http: {GET: "/lifts', '{source: "hr", stream: true, http: {GET: "/lifts');
  const text = `${head('v0.2', SOURCE('http://api'))}${wrong}`;
  const dir = await folderWith({ 'super.graphql': text });
  const error = await createSupergraphProvider({ supergraphFile: join(dir, 'super.graphql') })
    .load()
    .catch((thrown: unknown) => thrown);
  const line = (part: string) => text.slice(0, text.indexOf(part)).split('\n').length;
  const problems = (error as CompositionError).problems.map((problem) => [
    problem.line,
    problem.subgraph,
    problem.message,
  ]);
  expect(problems).toEqual([
    [line('->sing'), 'staff', expect.stringContaining('sing')],
    [line('stream: true'), 'staff', expect.stringContaining('stream')],
  ]);
});
