import { type OperationDefinitionNode, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { normalise } from '../../../src/operation/normalise.ts';
import { costOf } from '../../../src/policy/demand/cost.ts';
import { CostEstimator } from '../../../src/policy/demand/demand-policy.ts';
import { ExactNumber } from '../../../src/shared/exact-json.ts';
import { readSupergraph } from '../../../src/supergraph/supergraph.ts';
import { createWorld } from '../../worlds/world.ts';
import { costly } from './costly-world.ts';

// our composition takes no paths here, others do
const sdl = createWorld({ subgraphs: costly })
  .supergraphSdl.replace('slicingArguments: ["size"]', 'slicingArguments: ["by.first"]')
  .replaceAll('slicingArguments: ["n"]', 'slicingArguments: ["in.first"]')
  .replace('slicingArguments: ["m"]', 'slicingArguments: ["count"]');
const supergraph = readSupergraph(sdl);
const estimator = new CostEstimator(10);

function estimateOf(query: string, variables: Record<string, unknown> = {}, subgraph?: string) {
  const document = parse(query);
  expect(validate(supergraph.publicSchema, document)).toEqual([]);
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('no operation');
  const { cost, complaint } = estimator.estimate(
    normalise(document, operation, supergraph, variables),
    supergraph,
    subgraph === undefined ? {} : { subgraph },
  );
  return { value: costOf(cost, variables), isConstant: typeof cost === 'number', complaint: complaint?.(variables) };
}

const cost = (query: string, variables?: Record<string, unknown>) => estimateOf(query, variables).value;

describe('what an operation is estimated to cost', () => {
  test.each([
    ['an object costs 1, its leaves nothing', '{ book { id title } }', 1],
    ['each alias counts', '{ a: book { id } b: book { id } }', 2],
    ['a field selected twice is read once', '{ book { id } book { title } }', 1],
    ['a list has as many items as configured', '{ books { id } }', 10],
    ['lists within lists multiply', '{ books { author { books { id } } } }', 10 * (1 + 5 + 10)],
    ['a weight on a type', '{ book { author { name } } }', 6],
    ['a weight on a field', '{ costly }', 7],
    ['a weight on an enum', '{ level }', 2],
    ['a weight on an argument, where it is given', '{ weighed(b: 1) a: weighed(a: 1) }', 3],
    ['a mutation costs 10', 'mutation { add { id } }', 11],
    [
      'an input object costs 1, with what is in it',
      '{ search(filter: {or: {tags: [{name: "a"}, {name: null}]}}) { id } }',
      10 + 1 + 1 + (1 + 4) + 1,
    ],
    ['null costs nothing', '{ search(filter: null) { id } }', 10],
    ['a weight below 0 costs nothing', '{ rebate }', 0],
    ['and pays for no other field', '{ rebate costly }', 7],
    ['nor for what is below it', '{ rebates { book { author { name } } } }', 10 * (1 + 5)],
    ['an argument may lower the cost of its own field', '{ rebated(cheap: true) { id } }', 0],
    ['but not of those below it', '{ rebated(cheap: true) { author { name } } }', 5],
    ['introspection costs nothing', '{ __schema { types { name } } __typename }', 0],
    ['a field that another subgraph gives', '{ book { reviews { text } stars } }', 1 + 5 + 3],
    ['no field, no cost', '{ book { __typename } }', 1],
  ])('%s', (_, query, expected) => {
    expect(cost(query)).toBe(expected);
  });
});

describe('@listSize', () => {
  test.each([
    ['assumed', '{ shelf { id } }', {}, 3],
    ['a slicing argument', '{ page(first: 20) { id } }', {}, 20],
    ['none of them: assumed', '{ page { id } }', {}, 4],
    ['null is none', '{ page(first: null) { id } }', {}, 4],
    ['the larger of two', '{ page(first: 2, last: 30) { id } }', {}, 30],
    ['a variable', 'query ($n: Int) { page(first: $n) { id } }', { n: 7 }, 7],
    ['a variable that is not given', 'query ($n: Int) { page(first: $n) { id } }', {}, 4],
    ['none', '{ page(first: 0) { id } }', {}, 0],
    ['less than none: as without it', '{ page(first: -5) { id } }', {}, 4],
    ['less than none beside a size', '{ page(first: -5, last: 9) { id } }', {}, 9],
    ['less than none in a variable', 'query ($n: Int) { page(first: $n) { id } }', { n: -1 }, 4],
    ['less than none where there is a default', '{ latest(first: -1) { id } }', {}, 10],
    ['null where there is a default', '{ latest(first: null) { id } }', {}, 10],
    ['null in a variable where there is a default', 'query ($n: Int) { latest(first: $n) { id } }', { n: null }, 10],
    ['the default of an argument that is not given', '{ both(first: 1) { id } }', {}, 8],
    ['an argument over that', '{ both(first: 9) { id } }', {}, 9],
    ['a default for an input object', '{ window { id } }', {}, 12],
    ['a default within an input object', '{ window(in: {}) { id } }', {}, 9],
    ['a default within one that has none', '{ windowed(in: {}) { id } }', {}, 9],
    ['an input object that is not given', '{ windowed { id } }', {}, 15],
    ['an input object that is null', '{ window(in: null) { id } }', {}, 15],
    ['less than none in an input object', '{ window(in: { first: -1 }) { id } }', {}, 15],
    ['a variable that is not given in one', 'query ($n: Int) { windowed(in: { first: $n }) { id } }', {}, 9],
    [
      'less than none in one in a variable',
      'query ($in: Window) { window(in: $in) { id } }',
      { in: { first: -1 } },
      15,
    ],
    ['an input object in a variable that is not given', 'query ($in: Window) { window(in: $in) { id } }', {}, 12],
    ['a part of an item', '{ some(count: 4.5) { id } }', {}, 5],
    ['as text', '{ some(count: "7") { id } }', {}, 7],
    [
      'a number that keeps its digits',
      'query ($n: Count) { some(count: $n) { id } }',
      { n: new ExactNumber('9e1') },
      90,
    ],
    [
      'more than a JavaScript number can be',
      'query ($n: Count) { some(count: $n) { id } }',
      { n: new ExactNumber('1e400') },
      Number.MAX_SAFE_INTEGER,
    ],
    ['as text that is no number', '{ some(count: "all") { id } }', {}, 4],
    ['what no number can be', `{ some(count: 1${'0'.repeat(400)}) { id } }`, {}, Number.MAX_SAFE_INTEGER],
    ['as many as there are in a list', '{ some(count: [1, 2, 3, 4, 5, 6]) { id } }', {}, 6],
    ['a default of the schema', '{ latest { id } }', {}, 6],
    ['an argument takes precedence over its default', '{ latest(first: 2) { id } }', {}, 2],
    ['a field of an input object', '{ search(by: {first: 8}) { id } }', {}, 8],
    ['a field of an input object in a variable', 'query ($by: By) { search(by: $by) { id } }', { by: { first: 9 } }, 9],
    ['a variable in an input object', 'query ($n: Int) { search(by: {first: $n}) { id } }', { n: 3 }, 3],
    ['no argument and nothing assumed', '{ search { id } }', {}, 10],
    ['sized fields', '{ connection(first: 5) { total nodes { id } edges { node { id } } } }', {}, 1 + 5 + 5 * 2],
    [
      'sized fields through fragments',
      '{ connection(first: 5) { ... { ...F } } } fragment F on BookConnection { nodes { id } }',
      {},
      6,
    ],
  ])('%s', (_, query, variables, expected) => {
    expect(cost(query, variables)).toBe(expected);
  });

  test('a size beyond all numbers is too much still', () => {
    const most = `1${'0'.repeat(400)}`;
    const deep = `{ some(count: ${most}) { ${'author { books { '.repeat(25)} id ${'} }'.repeat(25)} } }`;
    expect(cost(deep)).toBeGreaterThan(1e40);
    expect(cost(`query ($n: Count) { some(count: $n) { author { name } id } }`, { n: Number.POSITIVE_INFINITY })).toBe(
      6 * Number.MAX_SAFE_INTEGER,
    );
  });

  test('wants exactly one slicing argument, where it says so', () => {
    const complaint = (query: string, variables?: Record<string, unknown>) => estimateOf(query, variables).complaint;
    const message = 'Query.page needs exactly one of its slicing arguments: first, last.';
    expect(complaint('{ page { id } }')).toBe(message);
    expect(complaint('{ page(first: 1, last: 1) { id } }')).toBe(message);
    expect(complaint('{ page(first: 1) { id } }')).toBeUndefined();
    const query = 'query ($a: Int, $b: Int) { page(first: $a, last: $b) { id } }';
    expect(complaint(query, {})).toBe(message);
    expect(complaint(query, { a: 1, b: null })).toBeUndefined();
    expect(complaint(query, { a: 1, b: 1 })).toBe(message);
    expect(complaint('{ latest { id } search { id } }')).toBeUndefined();
    const hiding = new CostEstimator(10, true);
    const document = parse('{ page { id } }');
    const operation = normalise(document, document.definitions[0] as OperationDefinitionNode, supergraph, {});
    expect(hiding.estimate(operation, supergraph).complaint?.({})).toBe(`${message.split(': ')[0]}.`);
  });
});

describe('abstract types', () => {
  test('an object is of one type: the most expensive counts', () => {
    expect(cost('{ thing { ... on Book { author { name } } ... on Film { studio } ... on Author { name } } }')).toBe(
      1 + 20,
    );
    expect(cost('{ thing { ... on Node { related { id } } ... on Film { director { name } } } }')).toBe(1 + 2 + 5);
  });

  test('a variable may decide which one that is', () => {
    const query =
      'query ($n: Int) { thing { ... on Author { books { id } } ... on Book { related { related { id } } } } p: page(first: $n) { id } }';
    expect(cost(query, { n: 1 })).toBe(1 + 10 + 1);
  });

  test('a field of an interface costs what it costs on any type at most', () => {
    expect(cost('{ node { related { id } } }')).toBe(1 + 2);
  });
});

describe('what stands on the field of an interface alone', () => {
  const others = readSupergraph(
    sdl
      .replaceAll(/( related: \[Book\][^\n]*?) @listSize\(assumedSize: 2\)/g, '$1')
      .replace(/(interface Node [^}]* related: \[Book\][^\n]*)/, '$1 @listSize(assumedSize: 4) @cost(weight: 6)'),
  );
  test.each([
    ['on the interface', '{ node { related { id } } }', 1 + 4 * 6],
    ['on a type that implements it', '{ book { related { id } } }', 1 + 4 * 6],
  ])('holds %s', (_, query, expected) => {
    const document = parse(query);
    const [operation] = document.definitions;
    if (operation?.kind !== 'OperationDefinition') throw new Error('no operation');
    const { cost: estimated } = estimator.estimate(normalise(document, operation, others, {}), others);
    expect(estimated).toBe(expected);
  });
});

test('what does not depend on variables is known before there are any', () => {
  expect(estimateOf('{ page(first: 3) { id } }').isConstant).toBe(true);
  expect(estimateOf('query ($t: String) { search(filter: {title: $t}) { id } }', { t: 'x' })).toMatchObject({
    isConstant: true,
    value: 11,
  });
  expect(estimateOf('query ($n: Int) { page(first: $n) { id } }').isConstant).toBe(false);
});

describe('what one subgraph is asked', () => {
  test.each([
    ['books', '{ books { author { name } reviews { text } stars } }', 10 * (1 + 5)],
    ['reviews', '{ books { author { name } reviews { text } stars } }', 10 * (5 + 3)],
    ['reviews', '{ books { id } }', 0],
    ['books', 'query ($n: Int) { page(first: $n) { reviews { text } } }', 2],
    ['reviews', 'query ($n: Int) { page(first: $n) { reviews { text } } }', 10],
  ])('%s of %s', (subgraph, query, expected) => {
    expect(estimateOf(query, { n: 2 }, subgraph).value).toBe(expected);
  });
});
