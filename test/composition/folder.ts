import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder with these files, removed when the test is over. */
export async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'headgate-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
}

const federation = (...imports: string[]) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: [${imports.map((name) => `"@${name}"`)}])`;

/** Two subgraphs that compose. Line 1 is `@subgraph`, line 2 the federation `@link`. */
export const SHOP = {
  'products.graphql': `extend schema @subgraph(url: "http://127.0.0.1:4001/graphql")
${federation('key')}
type Query {
  product(id: ID!): Product
}
type Product @key(fields: "id") {
  id: ID!
  name: String
}
`,
  'reviews.graphql': `extend schema @subgraph(url: "http://127.0.0.1:4002/graphql")
${federation('key')}
type Product @key(fields: "id") {
  id: ID!
  reviews: [String!]!
}
`,
};
