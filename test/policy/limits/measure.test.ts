import fc from 'fast-check';
import { type FragmentDefinitionNode, Kind, parse, type SelectionSetNode } from 'graphql';
import { describe, expect, test } from 'vitest';
import { type Measures, measureDocument } from '../../../src/policy/limits/measure.ts';

function measure(query: string): Measures {
  const measured = measureDocument(parse(query));
  if (measured.cycle) throw new Error(`a circle: ${measured.cycle}`);
  return measured.operations[0] as Measures;
}

describe('the measures of an operation', () => {
  test.each<[query: string, measures: Partial<Measures>]>([
    ['{ me }', { depth: 1, height: 1, rootFields: 1, aliases: 0, selections: 1, levels: 1 }],
    ['{ me { id name } }', { depth: 2, height: 3, rootFields: 1 }],
    ['{ me { id } me { id name } }', { depth: 2, height: 4, rootFields: 1 }],
    ['{ me { id id id } }', { height: 2, selections: 4 }],
    ['{ a: me b: me { c: id } }', { aliases: 3, rootFields: 2, height: 3 }],
    ['{ ... { me { ... on User { id } } } }', { depth: 2, height: 2, rootFields: 1, levels: 4 }],
    ['{ ...F } fragment F on Query { a: me b: me }', { depth: 1, rootFields: 2, aliases: 2 }],
    ['{ ...F ...F } fragment F on Query { a: me { id } }', { rootFields: 2, aliases: 2, height: 4 }],
    ['{ ...Missing me }', { depth: 1, height: 1, selections: 2 }],
    ['query ($v: Int @b) @a { me @c { ...F @d } } fragment F on User @e { id @f }', { directives: 6 }],
    ['{ me { ...F ...F } } fragment F on User { id @f }', { directives: 2 }],
    ['{ __schema { types { name fields { name } } } }', { depth: 1, height: 1, levels: 4 }],
    ['{ __proto__ constructor: me { toString } hasOwnProperty { id } }', { depth: 2, height: 5, aliases: 1 }],
    ['{ me { ...constructor } } fragment constructor on User { id }', { depth: 2, height: 2 }],
    ['{ me { ...toString } }', { depth: 1, selections: 2 }],
  ])('%s', (query, measures) => {
    expect(measure(query)).toMatchObject(measures);
  });

  test('of several operations are measured one by one', () => {
    const measured = measureDocument(parse('query A { me } query B { me { id } }'));
    expect(measured.cycle ?? measured.operations.map(({ depth }) => depth)).toEqual([1, 2]);
  });
});

describe('fragments that multiply', () => {
  const bomb = (doublings: number) =>
    `{ ...F0 }${Array.from({ length: doublings }, (_, i) => ` fragment F${i} on Query { a { ...F${i + 1} } b { ...F${i + 1} } }`).join('')} fragment F${doublings} on Query { leaf: id }`;

  test('are counted as if written out, without writing them out', () => {
    expect(measure(bomb(3))).toMatchObject({ depth: 4, height: 2 + 4 + 8 + 8, aliases: 8 });
    expect(measure(bomb(30))).toMatchObject({ depth: 31, aliases: 2 ** 30 });
  });

  test('stop at the largest number that differs from the next', () => {
    expect(measure(bomb(60)).aliases).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('may be a chain of any length', () => {
    const chain = Array.from({ length: 5_000 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} }`).join(' ');
    expect(measure(`{ ...F0 } ${chain} fragment F5000 on Query { id }`)).toMatchObject({ depth: 1, levels: 5_002 });
  });
});

describe('fragments that go round in a circle', () => {
  test.each([
    ['{ ...A } fragment A on Query { ...A }', ['A', 'A']],
    ['{ ...A } fragment A on Query { ...B } fragment B on Query { me { ...A } }', ['A', 'B', 'A']],
    ['{ me } fragment A on Query { ...B ...C } fragment B on Query { id } fragment C on Query { ...C }', ['C', 'C']],
    ['{ ...S } fragment S on Q { ...A } fragment A on Q { ...B } fragment B on Q { ...A }', ['A', 'B', 'A']],
  ])('%s', (query, cycle) => {
    expect(measureDocument(parse(query)).cycle).toEqual(cycle);
  });
});

/** The same numbers from the definition, fragments written out one by one. */
function naive(set: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): Measures {
  const total = { depth: 0, height: 0, aliases: 0, rootFields: 0, directives: 0, selections: 0, levels: 1 };
  const keys = new Set<string>();
  for (const selection of set.selections) {
    total.selections += 1;
    total.directives += selection.directives?.length ?? 0;
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : undefined;
    total.directives += fragment?.directives?.length ?? 0;
    const inner = selection.kind === Kind.FRAGMENT_SPREAD ? fragment?.selectionSet : selection.selectionSet;
    const isField = selection.kind === Kind.FIELD;
    if (inner) {
      const below = naive(inner, fragments);
      total.depth = Math.max(total.depth, below.depth + (isField ? 1 : 0));
      total.height += below.height;
      total.aliases += below.aliases;
      total.directives += below.directives;
      total.selections += below.selections;
      total.levels = Math.max(total.levels, below.levels + 1);
      if (!isField) total.rootFields += below.rootFields;
    }
    if (!isField) continue;
    total.depth = Math.max(total.depth, 1);
    if (selection.alias) total.aliases += 1;
    keys.add((selection.alias ?? selection.name).value);
  }
  return { ...total, height: total.height + keys.size, rootFields: total.rootFields + keys.size };
}

test('any small document measures the same written out', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const directive = fc.constantFrom('', ' @d', ' @d @e');
  // a fragment spreads only later ones, so there are no circles
  const selections = (from: number) =>
    fc.letrec<{ set: string; item: string }>((tie) => ({
      set: fc.array(tie('item'), { minLength: 1, maxLength: 3 }).map((items) => `{ ${items.join(' ')} }`),
      item: fc.oneof(
        { maxDepth: 3 },
        fc.tuple(name, directive).map(([field, d]) => field + d),
        fc.integer({ min: from, max: 4 }).map((index) => `...F${index}`),
        fc
          .tuple(fc.option(name), name, directive, tie('set'))
          .map(([alias, field, d, set]) => `${alias ? `${alias}: ` : ''}${field}${d} ${set}`),
        fc.tuple(directive, tie('set')).map(([d, set]) => `... on T${d} ${set}`),
      ),
    })).set;
  const document = fc
    .tuple(selections(0), selections(1), selections(2), selections(3), selections(4), directive)
    .map(([query, f0, f1, f2, f3, d]) =>
      [`query ${query}`, ...[f0, f1, f2, f3].map((set, i) => `fragment F${i} on T${d} ${set}`)].join('\n'),
    );
  fc.assert(
    fc.property(document, (text) => {
      const { definitions } = parse(text);
      const fragments = new Map(
        definitions.flatMap((d) => (d.kind === Kind.FRAGMENT_DEFINITION ? [[d.name.value, d] as const] : [])),
      );
      const [operation] = definitions;
      if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
      expect(measure(text)).toEqual(naive(operation.selectionSet, fragments));
    }),
    { numRuns: 300 },
  );
});
