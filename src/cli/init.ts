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
  'schemas/products.graphql': `# One file per subgraph; the file name is the subgraph's name. This line has its URL.
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

- \`schemas/\`: the SDL of each subgraph, one file each, with the URL at its top. Replace \`products.graphql\` with your own
  schemas, or set \`PRODUCTS_URL\` to the URL of a service with that schema.
- \`bff/\`: REST endpoints for single clients, each a GraphQL query: \`bff/CLIENT/NAME.graphql\`.
- \`headgate.yaml\`: the gateway's configuration.

\`\`\`sh
headgate validate   # checks config, schemas and endpoints
headgate dev        # serves http://localhost:4000/graphql, and reloads every change
\`\`\`
`,
};

/** `headgate init`: writes a small project. Throws `UsageError`, and writes nothing, if a file exists already. */
export function init(dir: string): void {
  const existing = Object.keys(FILES).filter((file) => existsSync(join(dir, file)));
  if (existing.length > 0) {
    const [file, place] = [existing.join(', '), dir === '.' ? 'this folder' : dir];
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
