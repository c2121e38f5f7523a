import { type Gateway, startGateway, startStubSource } from './gateway.ts';

export const MIB = 2 ** 20;

const FIELDS = 'price stock size { width height unit } tags offers { seller { id name } price }';
const REST_ITEM = `id name: full_name ${FIELDS}`;

/** What clients select of an item of a REST API, and of the plain service. */
export const ITEM = `{ id name ${FIELDS} }`;
export const PLAIN_ITEM = `{ id full_name ${FIELDS} }`;

/** A gateway with a heap of 256 MB over a REST API and a plain GraphQL service whose responses are as long as a query says. */
export async function gatewayOfLongResponses(): Promise<Gateway> {
  const url = await startStubSource();
  return startGateway({ rest: rest(url), plain: plain(url), boxes: boxes(url) }, ['--max-old-space-size=256']);
}

function rest(url: string): string {
  return `extend schema @source(name: "api", http: {baseURL: "${url}"})
type Query {
  items(bytes: Int!): [Item!]! @connect(source: "api", http: {GET: "/items?bytes={$args.bytes}"}, selection: "${REST_ITEM}")
  page(bytes: Int!): Page @connect(source: "api", http: {GET: "/page?bytes={$args.bytes}"}, selection: "$.page { total items { ${REST_ITEM} } }")
  empty(bytes: Int!): [Empty] @connect(source: "api", http: {GET: "/empty?bytes={$args.bytes}"}, selection: "id name")
  nested(bytes: Int!): [JSON] @connect(source: "api", http: {GET: "/nested?bytes={$args.bytes}"}, selection: "$")
  text(bytes: Int!): [Empty] @connect(source: "api", http: {GET: "/text?bytes={$args.bytes}"}, selection: "id name")
}
scalar JSON
type Empty { id: ID name: String }
type Page { total: Int! items: [Item!]! }
${typesOf('', 'name')}`;
}

function plain(url: string): string {
  return `extend schema @service(url: "${url}/graphql")
type Query { plainItems(bytes: Int!): [PlainItem!]! boxes(ids: [ID!]!): [Box]! @merge(keyField: "id") }
type Box { id: ID! items(bytes: Int!): [PlainItem!]! }
${typesOf('Plain', 'full_name')}`;
}

function boxes(url: string): string {
  return `extend schema @source(name: "api", http: {baseURL: "${url}"})
type Query { myBoxes: [Box!] @connect(source: "api", http: {GET: "/page"}, selection: "$->echo([{ id: '1' }])") }
type Box @key(fields: "id") { id: ID! }`;
}

function typesOf(prefix: string, name: string): string {
  return `type ${prefix}Item { id: ID! ${name}: String! price: Float stock: Int size: ${prefix}Size! tags: [String!]! offers: [${prefix}Offer!]! }
type ${prefix}Size { width: Int height: Int unit: String }
type ${prefix}Offer { seller: ${prefix}Seller! price: Float! }
type ${prefix}Seller { id: ID! name: String! }`;
}
