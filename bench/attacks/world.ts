import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildSchema, executeSync, parse } from 'graphql';

const list = (length: number, item: (i: number) => string) => Array.from({ length }, (_, i) => item(i)).join('\n  ');

/** A schema with something of each kind that costs time when a client asks for it in a bad way. */
export const SDL = /* GraphQL */ `
type Query {
  item(id: ID, colour: Colour, filter: Filter, wide: WideInput, one: One, ids: [ID!], grid: [[Int]], json: JSON): Item
  items(first: Int = 3, filters: [Filter!], wides: [WideInput!], colours: [Colour!]): [Item!]!
  node: Node
  any: Any
  wide: Wide
}
type Mutation {
  save(filter: Filter, filters: [Filter!], count: Int, name: String): Item
}
scalar JSON
enum Colour {
  ${list(1_000, (i) => `COLOUR_${i}`)}
}
input Filter {
  text: String
  limit: Int = 10
  tag: String! = "all"
  colour: Colour
  and: [Filter!]
  not: Filter
}
input One @oneOf { a: Int b: String c: [One!] }
input WideInput {
  ${list(300, (i) => `field_${i}: Int = ${i}`)}
}
interface Node { id: ID name(length: Int, filter: Filter): String node: Node items: [Item!] }
union Any = Item | Other
type Item implements Node { id: ID name(length: Int, filter: Filter): String node: Node items: [Item!] other: Other any: Any price: Float }
type Other implements Node { id: ID name(length: Int, filter: Filter): String node: Node items: [Item!] item: Item size: Int }
${list(30, (i) => `type Kind${i} implements Node { id: ID name(length: Int, filter: Filter): String node: Node items: [Item!] kind${i}: Int }`)}
type Wide {
  ${list(1_000, (i) => `field_${i}(a: Int, b: Int): Int`)}
}
`;

const ENDPOINTS: Readonly<Record<string, string>> = {
  item: 'query Item($id: ID!, $colour: Colour, $ids: [ID!]) @endpoint(path: "/item/:id") { item(id: $id, colour: $colour, ids: $ids) { id name } }',
  search:
    'query Search($filter: Filter = {}, $first: Int = 3, $colours: [Colour!]) @endpoint(path: "/search") { items(first: $first, filters: [$filter], colours: $colours) { id name } }',
  save: 'mutation Save($filter: Filter, $filters: [Filter!], $count: Int, $name: String) @endpoint(path: "/save", method: POST) { save(filter: $filter, filters: $filters, count: $count, name: $name) { id } }',
};

/** The files of a project whose one subgraph is at `url`: schemas, endpoints and the config. */
export function writeProject(url: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-attacks-'));
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  };
  write('schemas/items.graphql', `extend schema @subgraph(url: "${url}")\n${SDL}`);
  for (const [name, text] of Object.entries(ENDPOINTS)) write(`bff/shop/${name}.graphql`, text);
  write('headgate.yaml', CONFIG);
  return dir;
}

/** Every limit is the default; what is on here makes attacks worse: suggestions, introspection, batches, credentials. */
const CONFIG = `
supergraph: { introspection: true }
limits: { hide_schema_details: false }
batching: { enabled: true, mode: batch_http_link }
telemetry: { metrics: { prometheus: { enabled: false } } }
headers: { all: { request: [{ propagate: { matching: "^x-(a|b)+-" } }] } }
cors: { policies: [{ match_origins: ["https://([a-z0-9]+[.-]?)+[.]shop[.]example"] }] }
trusted_proxies: { addresses: ["127.0.0.1"] }
authentication:
  cookie: token
  router:
    jwt:
      jwks: [{ secret: "a secret of thirty-two characters" }]
`;

/** A subgraph for the schema that answers everything with the same few items. */
export async function startSubgraph(): Promise<{ readonly url: string; readonly server: Server }> {
  const schema = buildSchema(SDL);
  const thing = { __typename: 'Item', id: '1', name: 'a', price: 1.5 };
  const root = { item: thing, items: [thing, thing, thing], node: thing, any: thing, wide: {}, save: thing };
  const server = createServer(async (req, res) => {
    const { query, variables } = JSON.parse(await bodyOf(req));
    const result = executeSync({ schema, document: parse(query), rootValue: root, variableValues: variables });
    res.setHeader('content-type', 'application/json').end(JSON.stringify(result));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql` };
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
