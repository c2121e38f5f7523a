/** How many other subgraphs add a field to each type, besides the one that has it. */
const EXTENDED_BY = 3;

const HEAD = `
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION) { query: Query }
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
enum link__Purpose { SECURITY EXECUTION }
scalar link__Import
scalar join__FieldSet
`;

/**
 * A supergraph of `count` subgraphs. Each has a type of its own and adds a field to the types of three others; all of them
 * add a field to `Account`, which every type leads to. Everything is looked up by `id`. It is written as composition would
 * write it, since composing hundreds of subgraphs that share an entity takes minutes.
 */
export function grownSupergraph(count: number): string {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const graphs = numbers.map((n) => `S${n} @join__graph(name: "s${n}", url: "http://s${n}.test")`);
  const roots = numbers.map((n) => `t${n}(id: ID!): T${n} @join__field(graph: S${n})`);
  const account = numbers.map((n) => `of${n}: String @join__field(graph: S${n})`);
  return [
    HEAD,
    `enum join__Graph { ${graphs.join(' ')} }`,
    `type Query ${numbers.map((n) => `@join__type(graph: S${n})`).join(' ')} { ${roots.join('\n')} }`,
    `type Account ${numbers.map(entityIn).join(' ')} { id: ID! ${account.join('\n')} }`,
    ...numbers.map((n) => ownType(n, count)),
  ].join('\n');
}

function entityIn(graph: number): string {
  return `@join__type(graph: S${graph}, key: "id")`;
}

function ownType(owner: number, count: number): string {
  const steps = Array.from({ length: Math.min(EXTENDED_BY, count - 1) }, (_, index) => index + 1);
  const others = steps.map((step) => (owner + count - step) % count);
  const own = `@join__field(graph: S${owner})`;
  const fields = [
    'id: ID!',
    `name: String! ${own}`,
    `size: Int ${own}`,
    `next: T${(owner + 1) % count} ${own}`,
    `account: Account ${own}`,
    ...others.map((other) => `note${other}: String @join__field(graph: S${other})`),
  ];
  // the type before leads here by a reference
  return `type T${owner} ${[owner, ...others].map(entityIn).join(' ')} { ${fields.join('\n')} }`;
}

/** A query that four subgraphs answer, whatever the size of the supergraph; another `alias` makes it another document. */
export function smallQuery(alias: string): string {
  return `{ ${alias}: t0(id: "1") { name size next { name size next { name account { of0 of3 } } } account { of1 of2 } } }`;
}

/** A query that `width` subgraphs answer. */
export function wideQuery(alias: string, width: number): string {
  const fields = Array.from({ length: width }, (_, index) => `of${index}`);
  return `{ ${alias}: t0(id: "1") { name account { ${fields.join(' ')} } } }`;
}
