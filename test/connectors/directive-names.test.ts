import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { readConnectors } from '../../src/connectors/read-connectors.ts';

const SPEC = 'https://specs.apollo.dev/connect/v0.2';

/** How the link is written → what `@source` and `@connect` are called. */
const NAMES: Record<string, readonly [link: string, source: string, connect: string]> = {
  'no link': ['', 'source', 'connect'],
  imported: [`@link(url: "${SPEC}", import: ["@source", "@connect"])`, 'source', 'connect'],
  'imported under other names': [
    `@link(url: "${SPEC}", import: [{name: "@source", as: "@api"}, {name: "@connect", as: "@rest"}])`,
    'api',
    'rest',
  ],
  'one import that is no list': [`@link(url: "${SPEC}", import: "@source")`, 'source', 'connect'],
  'not imported': [`@link(url: "${SPEC}")`, 'connect__source', 'connect'],
  'not imported, by plain names': [`@link(url: "${SPEC}")`, 'source', 'connect'],
  'a prefix': [`@link(url: "${SPEC}", as: "rest")`, 'rest__source', 'rest'],
  'a prefix and an import': [`@link(url: "${SPEC}", as: "rest", import: ["@source"])`, 'source', 'rest'],
  'a prefix and plain names': [`@link(url: "${SPEC}", as: "rest")`, 'source', 'connect'],
};

test.each(Object.keys(NAMES))('the directives of connectors by their names in the file: %s', (way) => {
  const [link, source, connect] = NAMES[way] as (typeof NAMES)[string];
  const read = readConnectors(
    parse(`
      extend schema ${link} @${source}(name: "api", http: {baseURL: "http://api.test"})
      type Query { count: Int @${connect}(source: "api", http: {GET: "/count"}, selection: "$") }`),
    (text) => text,
  );
  expect(read.connectorProblems).toEqual([]);
  expect([...read.sources.keys()]).toEqual(['api']);
  expect(read.connectors).toHaveLength(1);
});
