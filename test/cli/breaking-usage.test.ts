import { buildSchema, findBreakingChanges, getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { usersOfChange } from '../../src/cli/breaking-usage.ts';
import { userText } from '../../src/cli/coordinate-users.ts';
import type { UsageReport } from '../../src/usage/usage-report.ts';
import { usedCoordinates } from '../../src/usage/used-coordinates.ts';

const BEFORE = `
  directive @mask(with: String, old: Int) repeatable on FIELD | QUERY
  directive @gone on FIELD
  type Query { items(first: Int, filter: Filter, sort: Sort): [Item] node: Node }
  interface Node { id: ID }
  union Item = Book | Film | Song
  type Book implements Node { id: ID title: String pages: Int size(unit: Int): Int }
  type Film { length: Int }
  type Song { length: Int }
  type Kind { name: String }
  input Filter { text: String year: Int }
  enum Sort { PRICE NAME }
`;

/** Each change of the schema, operations that it breaks, and operations that it does not break. */
const CASES: readonly (readonly [from: string | RegExp, to: string, breaks: string[], spares: string[]])[] = [
  ['pages: Int', '', ['{ items { ... on Book { pages } } }'], ['{ items { ... on Book { title } } }']],
  ['pages: Int', 'pages: String', ['{ items { ... on Book { pages } } }'], ['{ items { ... on Book { title } } }']],
  ['first: Int, ', '', ['{ items(first: 1) { __typename } }'], ['{ items { __typename } }']],
  [
    'first: Int',
    'first: String',
    ['query ($n: Int) { items(first: $n) { __typename } }'],
    ['{ items { __typename } }'],
  ],
  ['unit: Int', 'unit: Int, to: Int!', ['{ items { ... on Book { size } } }'], ['{ items { ... on Book { title } } }']],
  [
    'text: String',
    '',
    ['{ items(filter: {text: "a"}) { __typename } }'],
    ['{ items(filter: {year: 1}) { __typename } }'],
  ],
  ['text: String', '', ['query ($f: Filter) { items(filter: $f) { __typename } }'], ['{ items { __typename } }']],
  ['year: Int', 'year: Int id: ID!', ['{ items(filter: {year: 1}) { __typename } }'], ['{ items { __typename } }']],
  ['PRICE ', '', ['{ items(sort: PRICE) { __typename } }'], ['{ items(sort: NAME) { __typename } }']],
  ['PRICE ', '', ['query ($s: Sort) { items(sort: $s) { __typename } }'], ['{ items { __typename } }']],
  [' | Song', '', ['{ items { ... on Song { length } } }'], ['{ items { ... on Film { length } } }']],
  ['Book implements Node', 'Book', ['{ node { ... on Book { title } } }'], ['{ node { id } }']],
  [/union Item.*\n/, 'interface Item { id: ID }\n', ['{ items { __typename } }'], ['{ node { id } }']],
  ['directive @gone on FIELD', '', ['{ node { id @gone } }'], ['{ node { id } }']],
  ['with: String, ', '', ['{ node { id @mask(with: "a") } }'], ['{ node { id @mask(old: 1) } }']],
  ['old: Int', 'old: Int, new: Int!', ['{ node { id @mask } }'], ['{ node { id } }']],
  ['repeatable ', '', ['{ node { id @mask @mask } }'], ['{ node { id } }']],
  [' | QUERY', '', ['query @mask { node { id } }'], ['{ node { id } }']],
];

const before = buildSchema(BEFORE);

function reportOf(texts: readonly string[]): UsageReport {
  const operations = texts.map((text) => {
    const document = parse(text);
    const operation = getOperationAST(document);
    if (!operation) throw new Error('no operation');
    const uses = [{ client: 'web', version: '1', count: 2, last: '2026-01-31T12:00:00.000Z' }];
    return { id: text, name: text, type: 'query', ...usedCoordinates(before, document, operation), uses };
  });
  return { since: '2026-01-01T12:00:00.000Z', until: '2026-01-31T12:00:00.000Z', overflowed: false, operations };
}

test.each(CASES)('%s → "%s"', (from, to, breaks, spares) => {
  const changes = findBreakingChanges(before, buildSchema(BEFORE.replace(from, to)));
  expect(changes.length).toBeGreaterThan(0);
  const found = changes.flatMap((change) => usersOfChange(change, reportOf([...breaks, ...spares])) ?? []);
  const broken = new Set(found.map(({ operation }) => operation.slice('query '.length)));
  expect([...broken]).toEqual(breaks);
});

test('a type that is removed breaks who names it', () => {
  const changes = findBreakingChanges(before, buildSchema(BEFORE.replace(/type Kind.*\n/, '')));
  expect(changes).toHaveLength(1);
  expect(changes.map((change) => usersOfChange(change, reportOf(['{ node { id } }'])))).toEqual([[]]);
});

test('every kind of breaking change is understood', async () => {
  const { BreakingChangeType } = await import('graphql');
  const description = 'a b c d e f g h';
  for (const type of Object.values(BreakingChangeType))
    expect(usersOfChange({ type, description }, reportOf([])), type).toEqual([]);
  expect(usersOfChange({ type: 'NEW_KIND' as never, description }, reportOf([]))).toBeUndefined();
});

test('a user is named with operation, client, version, times and when last', () => {
  const [change] = findBreakingChanges(before, buildSchema(BEFORE.replace('text: String', '')));
  if (!change) throw new Error('no change');
  const report = reportOf(['query ($f: Filter) { items(filter: $f) { __typename } }']);
  const operations = report.operations.map((operation) => ({ ...operation, name: 'Find' }));
  expect(usersOfChange(change, { ...report, operations })?.map(userText)).toEqual([
    'query Find, web 1: 2 times, last 2026-01-31 12:00 (with a variable that can have it)',
  ]);
});
