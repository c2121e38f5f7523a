/** Subgraph schemas that are large, but otherwise ordinary: entities with fields, arguments, enums and links to each other. */

/** Types of each subgraph. */
export const TYPES = 400;

/**
 * Returns the schema of one of two subgraphs: half of its types are entities that the other subgraph extends, the rest are its own.
 * @param version appears in a field and in a description, so that each version is another schema
 */
export function bigSchema(name: 'left' | 'right', version: number): string {
  const lines = [
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable"])',
    `  @subgraph(url: "\${SWAP_SUBGRAPHS:-http://127.0.0.1:4001}/${name}")`,
    '',
    'type Query {',
    `  ${name}Version${version}: Int`,
    ...numbers(TYPES / 4).map(
      (i) => `  ${name}Item${i}(id: ID!): Item${i}\n  ${name}List${i}(first: Int = 10): [Item${i}!]`,
    ),
    '}',
    '',
  ];
  for (const i of numbers(TYPES / 2)) lines.push(entity(name, i, version));
  for (const i of numbers(TYPES / 2)) lines.push(ownType(name, i));
  return `${lines.join('\n')}\n`;
}

function entity(name: string, i: number, version: number): string {
  return [
    `"""Entity ${i}, version ${version}"""`,
    `type Item${i} @key(fields: "id") {`,
    '  id: ID!',
    ...numbers(16).map((f) => `  ${name}Field${f}(locale: String, limit: Int = 5): String`),
    `  ${name}Next: Item${(i + 1) % (TYPES / 2)}`,
    `  ${name}Detail: ${title(name)}Detail${i}`,
    '}',
    '',
  ].join('\n');
}

function ownType(name: string, i: number): string {
  return [
    `type ${title(name)}Detail${i} {`,
    ...numbers(18).map((f) => `  field${f}: ${['String', 'Int!', 'Float', '[String!]!', 'Boolean'][f % 5]}`),
    `  item: Item${(i * 7) % (TYPES / 2)}`,
    '}',
    '',
  ].join('\n');
}

function title(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
