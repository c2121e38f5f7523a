import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { stringifyJson } from '../../../src/shared/exact-json.ts';
import type { ApiLayer } from '../../../src/sources/rest/api-transport.ts';
import { createRestSource } from '../../../src/sources/rest/rest-source.ts';
import type { SubgraphResponse } from '../../../src/sources/source.ts';
import { runs } from '../../runs.ts';
import { responseText } from '../response-text.ts';
import { type FetchAnswer, modelFetch } from './model/model-fetch.ts';
import { aClient, NO_LIMITS } from './stub-api.ts';

const FIELDS =
  'id id2: id name n f flag kind any tags grid things { __typename: type id x y } inner { id name kinds } ';
const SELECTION = `${FIELDS} sub { ${FIELDS} sub { id name n } subs { id name } } subs: $.subs { ${FIELDS} } must { id name }`;

const SDL = `
extend schema @source(name: "api", http: {baseURL: "http://127.0.0.1:1"})
type Query {
  list: [Item] @connect(source: "api", http: {GET: "/list"}, selection: """${SELECTION}""")
  strict: [Item!]! @connect(source: "api", http: {GET: "/strict"}, selection: """${SELECTION}""")
  page: Page @connect(source: "api", http: {GET: "/page"}, selection: """total $.page { items { ${SELECTION} } first { ${SELECTION} } }""")
  ref(id: ID! = "1", flag: Boolean): Ref @connect(source: "api", http: {GET: "/ref/{$args.id}"}, selection: "id name", entity: true)
  refs: [Ref] @connect(source: "api", http: {GET: "/refs"}, selection: "$.list { id }")
}
type Page { total: Int! items: [Item!] first: Item }
type Ref { id: ID! name: String! more: String @connect(source: "api", http: {GET: "/more/{$this.id}"}, selection: "$.name") }
type Item { id: ID! id2: ID name: String n: Int f: Float flag: Boolean kind: Kind any: JSON tags: [String!] grid: [[Int]!] things: [Thing]
  inner: Inner sub: Item subs: [Item!]! must: Inner! }
type Inner { id: ID! name: String! kinds: [Kind!]! }
enum Kind { NEW OLD }
scalar JSON
union Thing = A | B
type A { id: ID! x: Int! }
type B { id: ID y: String }
`;

const leaf = fc.oneof(
  fc.constantFrom<unknown>('a', 'NEW', 'OLD', 1, 0, -0, 2.5, 3e9, true, false, '', 'A', 'B', '7'),
  fc.constant(null),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.record(
      Object.fromEntries(
        ['id', 'name', 'n', 'f', 'flag', 'kind', 'any', 'tags', 'type', 'x', 'y', '__proto__', 'kinds'].map((key) => [
          key,
          tie('value'),
        ]),
      ),
      { requiredKeys: [] },
    ),
  ),
}));
const kind = fc.constantFrom('NEW', 'OLD');
/** Often what the schema says, sometimes anything. */
const or = (usual: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: value });
const inner = fc.record({ id: or(fc.nat()), name: or(fc.string()), kinds: or(fc.array(or(kind), { maxLength: 2 })) });
const thing = fc.record({
  type: or(fc.constantFrom('A', 'B')),
  id: or(fc.nat()),
  x: or(fc.nat(9)),
  y: or(fc.string()),
});
const { item } = fc.letrec((tie) => ({
  item: fc.record(
    {
      id: or(fc.oneof(fc.string(), fc.nat())),
      name: or(fc.string()),
      n: or(fc.integer()),
      f: or(fc.double()),
      flag: or(fc.boolean()),
      kind: or(kind),
      any: value,
      tags: or(fc.array(or(fc.string()), { maxLength: 3 })),
      grid: or(fc.array(fc.array(fc.nat(), { maxLength: 2 }), { maxLength: 2 })),
      things: or(fc.array(or(thing), { maxLength: 3 })),
      inner: or(inner),
      sub: fc.option(tie('item') as fc.Arbitrary<unknown>, { maxDepth: 1 }),
      subs: or(fc.array(tie('item') as fc.Arbitrary<unknown>, { maxLength: 2 })),
      must: or(inner),
    },
    { requiredKeys: ['id', 'must'] },
  ),
}));
/** Sometimes longer than what is mapped at once. */
const items = fc
  .tuple(fc.array(or(item), { maxLength: 3 }), fc.constantFrom(1, 1, 1, 1, 20))
  .map(([all, times]) => Array.from({ length: times }, () => all).flat());
const bodies = fc.record({
  list: or(items),
  strict: or(items),
  page: or(fc.record({ total: or(fc.nat()), page: or(fc.record({ items: or(items), first: or(item) })) })),
  refs: or(fc.record({ list: fc.array(or(fc.record({ id: or(fc.nat(5)) })), { maxLength: 5 }) })),
  ref: or(fc.record({ id: fc.nat(9), name: or(fc.string()) })),
  more: or(fc.record({ name: or(fc.string()) })),
});

const INNER = ['id', 'name', 'kinds', '__typename'];
const innerFields = fc.subarray(INNER, { minLength: 1 }).map((names) => `{ ${names.join(' ')} }`);
const thingFields = fc
  .subarray(['...on A { id x }', '...on B { y }', '...ThingB', '__typename', '...on Thing { __typename }'], {
    minLength: 1,
  })
  .map((parts) => `{ ${parts.join(' ')} }`);
const { selection } = fc.letrec<{ selection: string }>((tie) => ({
  selection: fc
    .array(
      fc.oneof(
        { maxDepth: 2 },
        fc.constantFrom(
          'id',
          'id2',
          'name',
          'n',
          'f',
          'flag',
          'kind',
          'any',
          'tags',
          'grid',
          '__typename',
          'other: name',
          '...Named',
        ),
        fc.tuple(fc.constantFrom('inner', 'must', 'mine: inner'), innerFields).map((parts) => parts.join(' ')),
        thingFields.map((fields) => `things ${fields}`),
        fc.tuple(fc.constantFrom('sub', 'subs', 'again: subs'), tie('selection')).map((parts) => parts.join(' ')),
        tie('selection').map((fields) => `...on Item ${fields}`),
      ),
      { minLength: 1, maxLength: 6 },
    )
    .map((parts) => `{ ${[...new Set(parts)].join(' ')} }`),
}));
const root = fc.oneof(
  fc.tuple(fc.constantFrom('list', 'strict', 'more: list'), selection).map((parts) => parts.join(' ')),
  selection.map((fields) => `page { total items ${fields} first ${fields} }`),
  fc.constantFrom(
    'refs { id }',
    'refs { id name more }',
    'ref(id: "3") { id name more }',
    '__typename',
    'ref(flag: $flag) { name }',
  ),
  fc.constantFrom(
    'ref(id: "4") { id @skip(if: $flag) name @include(if: $flag) }',
    '...on Query @include(if: $flag) { list { id } }',
  ),
);
const query = fc
  .uniqueArray(root, { minLength: 1, maxLength: 3, selector: (text) => text.split(/[ :({]/)[0] })
  .map(
    (fields) =>
      `query ($flag: Boolean = true) { ${fields.join(' ')} x: __typename @skip(if: $flag) } fragment Named on Item { name kind } fragment ThingB on B { id }`,
  );

/** An API without a network. */
function apiOf(responses: Readonly<Record<string, unknown>>, padding: number): ApiLayer {
  return () =>
    async ({ path }) => {
      const body = responses[path.split('/')[1] ?? ''];
      const text = (stringifyJson(body ?? null) ?? '') + ' '.repeat(padding);
      const status = typeof body === 'number' ? 500 : 200;
      return { statusCode: status, headers: {}, body: [Buffer.from(text)] } as never;
    };
}

async function answerOf(layer: ApiLayer, text: string, variables: object): Promise<FetchAnswer> {
  const source = createRestSource({
    name: 'shop',
    sdl: SDL,
    settingsOf: () => NO_LIMITS,
    timeoutMs: 100_000_000,
    env: {},
    callLayer: layer,
  });
  const body = JSON.stringify({ query: text, variables });
  const answer = await new Promise<SubgraphResponse>((done) =>
    source.send({ body, operationType: 'query', client: aClient() }, done),
  );
  await source.close();
  return JSON.parse(responseText(answer)) as FetchAnswer;
}

function sorted(answer: FetchAnswer): FetchAnswer {
  const plain = JSON.parse(stringifyJson(answer) ?? '') as FetchAnswer;
  const text = (error: unknown) => JSON.stringify(error);
  return { ...plain, errors: [...(plain.errors ?? [])].sort((a, b) => (text(a) < text(b) ? -1 : 1)) };
}

/**
 * Expects the same data, and errors at the same places. Where an object becomes null because of an error inside of it, it is open which
 * errors inside of it, and how many, are found before (section 6.4.4 of the GraphQL specification) when it is completed in slices.
 */
function expectSameInSlices(answer: FetchAnswer, expected: FetchAnswer): void {
  if (expected.data === null) return expectSame(answer, expected);
  const [own, others] = [sorted(answer), sorted(expected)];
  const isOpen = new Set(
    [own, others].flatMap((one) => placesOf(one).flatMap(({ at, isInside }) => (isInside ? at : []))),
  );
  const found = (one: FetchAnswer) => {
    const places = placesOf(one);
    const exact = places.filter(({ at }) => !isOpen.has(at)).map(({ error }) => error);
    return { exact, inside: [...new Set(places.map(({ at }) => at).filter((at) => isOpen.has(at)))].sort() };
  };
  expect({ data: own.data, ...found(own) }).toEqual({ data: others.data, ...found(others) });
}

/** For each error, where in the data its null is, and whether the error was inside of what is null there. */
function placesOf({ data, errors = [] }: FetchAnswer) {
  return errors.map((error) => {
    const { path = [] } = error as { readonly path?: readonly (string | number)[] };
    let value: unknown = data;
    let depth = 0;
    while (depth < path.length && value !== null) value = (value as Record<string, unknown>)[path[depth++] as string];
    return { error, at: path.slice(0, depth).join('.'), isInside: depth < path.length };
  });
}

function expectSame(answer: FetchAnswer, expected: FetchAnswer): void {
  const [own, others] = [sorted(answer), sorted(expected)];
  // root fields run concurrently: when one makes everything null, it is open which errors of the others are found before
  if (expected.data !== null) return expect(own).toEqual(others);
  expect(own.data).toBeNull();
  expect(own.errors).not.toEqual([]);
}

const someVariables = fc.constantFrom({}, { flag: true }, { flag: false }, { flag: 'no' });

afterEach(() => {
  vi.restoreAllMocks();
});

test('a compiled fetch answers as graphql-js does: data, errors and their paths', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, query, someVariables, async (responses, text, variables) => {
      const layer = apiOf(responses, 0);
      const expected = await modelFetch(SDL, layer, text, variables);
      expectSame(await answerOf(layer, text, variables), expected);
    }),
    { numRuns: runs(500), endOnFailure: true },
  );
});

test('so does one with long responses, in slices of very short time', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, query, someVariables, async (responses, text, variables) => {
      const expected = await modelFetch(SDL, apiOf(responses, 0), text, variables);
      let now = performance.now();
      vi.spyOn(performance, 'now').mockImplementation(() => {
        now += 10;
        return now;
      });
      const answer = await answerOf(apiOf(responses, 70_000), text, variables);
      vi.restoreAllMocks();
      expectSameInSlices(answer, expected);
    }),
    { numRuns: runs(200), endOnFailure: true },
  );
});
