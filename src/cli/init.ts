import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from './failure.ts';

const FILES: Readonly<Record<string, string>> = {
  'headgate.yaml': `# All keys: \`headgate config schema\` prints their JSON schema. \${VAR:-default} works in every value.
supergraph:
  listen: 127.0.0.1:4000
traffic_shaping:
  all:
    timeout: 10s
`,
  'schemas/products.graphql': `# One file a subgraph; the file's name is the subgraph's name. This line says where it is reached.
extend schema @subgraph(url: "\${PRODUCTS_URL:-http://127.0.0.1:4001/graphql}")

extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])

type Query {
  product(id: ID!): Product
  products(first: Int = 10): [Product!]!
}

type Product @key(fields: "id") {
  id: ID!
  name: String!
  "In cents."
  price: Int!
}
`,
  'bff/web/product.graphql': `# GET /bff/web/product/:id
query Product($id: ID!) @endpoint(path: "/product/:id") {
  product(id: $id) {
    id
    name
    price
  }
}
`,
  'README.md': `# A graph behind Headgate

- \`schemas/\`: the SDL of each subgraph, one file each, with the URL at its top. Put your own in place of
  \`products.graphql\`, or set \`PRODUCTS_URL\` to where a service with that schema listens.
- \`bff/\`: REST endpoints for single clients, each a GraphQL query: \`bff/CLIENT/NAME.graphql\`.
- \`headgate.yaml\`: the gateway's configuration.

\`\`\`sh
headgate validate   # is everything in order?
headgate dev        # serves http://localhost:4000/graphql, and takes up every change
\`\`\`
`,
};

/** `headgate init`: writes a small project. Throws `UsageError`, and writes nothing, when a file is there already. */
export function init(dir: string): void {
  const there = Object.keys(FILES).filter((file) => existsSync(join(dir, file)));
  if (there.length > 0) {
    const [file, place] = [there.join(', '), dir === '.' ? 'this folder' : dir];
    throw new UsageError(
      `${place} has ${file} already, and nothing was written. Run \`headgate init\` in an empty folder.`,
    );
  }
  for (const [file, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), text);
    console.log(`wrote ${join(dir, file)}`);
  }
  console.log('\nNext: `headgate validate`, then `headgate dev`.');
}
