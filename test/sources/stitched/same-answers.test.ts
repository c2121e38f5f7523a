import { describe, expect, test } from 'vitest';
import { gatewayOver, stubSubgraph, type TestGateway } from './gateway.ts';
import { run, schemaWith, stubService } from './stub-service.ts';

/** A bit of everything that a schema can have. */
const SDL = `
  scalar Json
  scalar Long
  enum Mood { GOOD BAD }
  interface Named { id: ID! title: String! }
  interface Media implements Named { id: ID! title: String! length: Int }
  type Film implements Media & Named { id: ID! title: String! length: Int mood: Mood! cast: [Person!]! scores: [[Int!]] rating(of: Source = { name: "us" }): Float }
  type Song implements Media & Named { id: ID! title: String! length: Int by: Person json: Json long: Long tags: [String] }
  type Person implements Named { id: ID! title: String! likes: [Thing!]! nothing: String broken: String! }
  union Thing = Film | Song | Person
  input Source { name: String! deep: [Source!] mood: Mood = GOOD }
  type Query {
    films(ids: [ID!]!): [Film]!
    song(id: ID!): Song
    named(id: ID!): Named
    things(moods: [Mood!] = [GOOD], where: Source, json: Json): [Thing]!
    echo(json: Json, long: Long, n: Int, list: [Int], on: Boolean): Json
  }
  type Mutation { rename(id: ID!, to: String!): Named touch: Int! }`;

const film = {
  __typename: 'Film',
  id: 'f1',
  title: 'A "film"\\',
  length: null,
  mood: 'BAD',
  scores: [[1, 2], null, []],
};
const song = {
  __typename: 'Song',
  id: 's1',
  title: 'söng 😀',
  length: 3,
  json: { __typename: 'Film', a: [1, { b: null }] },
  long: 9007199254740991,
  tags: ['x', null],
};
const person = { __typename: 'Person', id: 'p1', title: 'P', nothing: null };
const ALL = [film, song, person];

const RESOLVERS = {
  'Film.cast': [person, person],
  'Film.rating': ({ of }: { of: { name: string; mood: string } }) => of.name.length + (of.mood === 'GOOD' ? 0.5 : 0),
  'Song.by': person,
  'Person.likes': [song, film, person],
  'Person.broken': () => {
    throw new Error('broken');
  },
  'Query.films': ({ ids }: { ids: string[] }) => ids.map((id) => (id === 'f1' ? film : null)),
  'Query.song': ({ id }: { id: string }) => (id === 's1' ? song : null),
  'Query.named': ({ id }: { id: string }) => ALL.find((thing) => thing.id === id),
  'Query.things': ({ moods, where }: { moods: string[]; where?: object }) => [
    ...ALL.slice(0, moods.length + 1),
    where ? null : film,
  ],
  'Query.echo': (args: object) => args,
  'Mutation.rename': ({ id, to }: { id: string; to: string }) => ({
    ...ALL.find((thing) => thing.id === id),
    title: to,
  }),
  'Mutation.touch': 1,
};

const direct = schemaWith(SDL, RESOLVERS);

/** The file of the service: with its look-ups, and, for `renamed`, everything under another name. */
function fileOf(url: string, renamed: boolean): string {
  const marked = SDL.replace('films(ids: [ID!]!): [Film]!', '$& @merge(keyField: "id", public: true)')
    .replace('song(id: ID!): Song', '$& @merge(keyField: "id", public: true)')
    .replace('named(id: ID!): Named', '$& @merge(keyField: "id", public: true)');
  if (!renamed) return `extend schema @service(url: "${url}")\n${marked}`;
  const names = marked
    .replace('type Person implements Named {', 'type Person implements Named @rename(to: "Human") {')
    .replace('enum Mood {', 'enum Mood @rename(to: "Feeling") {')
    .replace('mood: Mood!', 'mood: Mood! @rename(to: "feeling")')
    .replace(
      'interface Named { id: ID! title: String!',
      'interface Named { id: ID! title: String! @rename(to: "label")',
    )
    .replaceAll('input Source {', 'input Source @rename(to: "Origin") {');
  return `extend schema @service(url: "${url}", prefix: "My")\n${names}`;
}

const FRAGMENT =
  'fragment T on Thing { __typename ... on Named { id title } ... on Media { length } ... on Film { mood scores } ... on Person { nothing } }';

const OPERATIONS: [query: string, variables?: object][] = [
  ['{ films(ids: ["f1", "none", "f1"]) { id title length mood scores } song(id: "none") { id } }'],
  ['{ a: song(id: "s1") { x: title y: title json long tags by { __typename title } } b: song(id: "s1") { id } }'],
  [
    '{ named(id: "p1") { __typename id ... on Person { likes { ... on Named { title } t: __typename ... on Film { cast { id } } } } } }',
  ],
  [`{ things(moods: [GOOD, BAD]) { ...T } } ${FRAGMENT}`],
  ['query ($m: [Mood!]) { things(moods: $m) { ... on Media { title } } }', { m: ['BAD'] }],
  ['query ($w: Source) { things(where: $w) { __typename } }', { w: { name: 'a', deep: [{ name: 'b', mood: 'BAD' }] } }],
  ['{ films(ids: "f1") { rating r2: rating(of: { name: "abc", mood: BAD }) } }'],
  ['query ($s: Source!) { films(ids: ["f1"]) { rating(of: $s) } }', { s: { name: 'four' } }],
  [
    'query ($j: Json, $l: Long) { echo(json: $j, long: $l) }',
    { j: { a: ['ü', null, 1.5], __typename: 'Person' }, l: 12345678901 },
  ],
  [
    'query ($n: Int = 5, $list: [Int]) { echo(n: $n, list: $list, on: true, json: {a: [1, "b", {c: null}]}) }',
    { list: [1, null] },
  ],
  [
    'query ($yes: Boolean!) { song(id: "s1") { title @include(if: $yes) tags @skip(if: $yes) by { id @skip(if: $yes) title } } }',
    { yes: true },
  ],
  ['{ song(id: "s1") { title by { title broken } } }'],
  ['{ films(ids: ["f1"]) { title cast { id broken } } }'],
  ['mutation { a: rename(id: "f1", to: "one") { title } touch b: rename(id: "p1", to: "two") { __typename title } }'],
];

/** What clients write where names were changed, and what the service would be asked without. */
const RENAMED: [query: string, own: string, variables?: object][] = [
  [
    '{ films: myFilms(ids: ["f1", "none"]) { id title: label length mood: feeling cast { label: label } } song: mySong(id: "s1") { json } }',
    '{ films(ids: ["f1", "none"]) { id title length mood cast { label: title } } song(id: "s1") { json } }',
  ],
  [
    '{ named: myNamed(id: "p1") { __typename x: __typename label: id ... on Human { likes { ... on MyNamed { t: label } __typename ... on Film { cast { k: __typename } } } } } }',
    '{ named(id: "p1") { __typename x: __typename label: id ... on Person { likes { ... on Named { t: title } __typename ... on Film { cast { k: __typename } } } } } }',
  ],
  [
    'query ($m: [Feeling!], $w: Origin) { things: myThings(moods: $m, where: $w) { ...T } } fragment T on MyThing { ... on MyMedia { label } ... on Human { nothing } }',
    'query ($m: [Mood!], $w: Source) { things(moods: $m, where: $w) { ...T } } fragment T on Thing { ... on Media { label: title } ... on Person { nothing } }',
    { m: ['GOOD', 'BAD'], w: { name: 'n', mood: 'BAD' } },
  ],
  ['{ song: mySong(id: "s1") { by { b: broken } } }', '{ song(id: "s1") { by { b: broken } } }'],
  [
    'mutation { touch: myTouch a: myRename(id: "p1", to: "new") { __typename label } }',
    'mutation { touch a: rename(id: "p1", to: "new") { __typename label: title } }',
  ],
];

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

async function expected(query: string, variables?: object) {
  const { data, errors } = await run(direct, { query, variables: variables as Record<string, unknown> });
  return { data: plain(data), errors: errors?.map(({ message, path }) => ({ message, path })) };
}

async function actual(gateway: TestGateway, query: string, variables?: object) {
  const { data, errors } = await gateway.ask(query, variables ? { variables } : {});
  return { data, errors: errors?.map(({ message, path }) => ({ message, path })) };
}

test('clients get what the service itself would answer', async () => {
  const service = await stubService(SDL, RESOLVERS);
  const gateway = await gatewayOver({ media: fileOf(service.url, false) });
  for (const [query, variables] of OPERATIONS) {
    expect(await actual(gateway, query, variables), query).toEqual(await expected(query, variables));
  }
  expect(service.requests).toHaveLength(OPERATIONS.length);
});

test('under other names, too', async () => {
  const service = await stubService(SDL, RESOLVERS);
  const gateway = await gatewayOver({ media: fileOf(service.url, true) });
  for (const [query, own, variables] of RENAMED) {
    const { data, errors } = await expected(own, variables);
    const renamed = JSON.parse(JSON.stringify(data).replaceAll('"Person"', '"Human"'));
    expect(await actual(gateway, query, variables), query).toEqual({ data: renamed, errors });
  }
  expect(service.requests).toHaveLength(RENAMED.length);
});

describe('looked up for another subgraph, too', () => {
  const SELECTIONS: [type: string, selection: string][] = [
    ['Film', '{ id title length mood scores cast { id title likes { __typename } } rating(of: { name: "abcd" }) }'],
    ['Film', '{ x: rating y: rating(of: { name: "z", mood: BAD }) t: __typename }'],
    ['Film', '{ title cast { broken } }'],
    ['Song', '{ title json long tags by { title likes { ... on Named { title } ... on Film { mood } } } }'],
    ['Person', '{ nothing likes { __typename ... on Media { length title } ... on Person { id } } }'],
    ['Person', '{ title broken }'],
  ];

  test.each(SELECTIONS)('%s %s', async (type, selection) => {
    const field = type.toLowerCase();
    const ids = await stubSubgraph(`type Query { ${field}Ref: ${type} } type ${type} @key(fields: "id") { id: ID! }`, {
      resolvers: { Query: { [`${field}Ref`]: () => ({ id: `${field.charAt(0)}1` }) } },
      entities: { [type]: (key: object) => key },
    });
    const service = await stubService(SDL, RESOLVERS);
    const gateway = await gatewayOver({ ids: ids.file, media: fileOf(service.url, false) });
    const wanted = await expected(`{ named(id: "${field.charAt(0)}1") { ... on ${type} ${selection} } }`);
    const { data, errors } = await actual(gateway, `{ ${field}Ref ${selection} }`);
    expect(data[`${field}Ref`] ?? null).toEqual(wanted.data.named ?? null);
    // Of an entity that is null, the gateway also says that what must not be null is.
    const [error, wantedError] = [errors?.[0], wanted.errors?.[0]];
    expect(error?.message).toBe(wantedError?.message);
    expect(error?.path?.slice(1)).toEqual(wantedError?.path?.slice(1));
    expect(service.requests).toHaveLength(1);
  });
});
