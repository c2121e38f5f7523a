import {
  buildClientSchema,
  buildSchema,
  type DocumentNode,
  getIntrospectionQuery,
  lexicographicSortSchema,
  type OperationDefinitionNode,
  parse,
  printSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { Introspector, introspectionPart } from '../../src/pipeline/introspection.ts';
import { createEngine } from '../../src/pipeline/pipeline.ts';
import { run, smallWorld } from './world.ts';

const world = smallWorld();

async function data(query: string, variables?: Record<string, unknown>): Promise<unknown> {
  const { dataText, errors } = await run(world, query, { variables });
  expect(errors).toEqual([]);
  return JSON.parse(dataText ?? '');
}

describe('introspection', () => {
  it('tells the whole public schema, without a subgraph', async () => {
    const before = world.requests.length;
    const reported = buildClientSchema((await data(getIntrospectionQuery())) as never);
    expect(printSchema(lexicographicSortSchema(reported))).toBe(
      printSchema(lexicographicSortSchema(world.engine.publicSchema)),
    );
    expect(world.requests).toHaveLength(before);
  });

  it('shows nothing of federation, and nothing that is inaccessible', async () => {
    const { __schema, __type } = (await data(
      '{ __schema { types { name } directives { name } } __type(name: "User") { fields { name } } }',
    )) as {
      __schema: { types: { name: string }[]; directives: { name: string }[] };
      __type: { fields: { name: string }[] };
    };
    const names = [...__schema.types, ...__schema.directives].map(({ name }) => name);
    expect(names.filter((name) => /^(_[^_]|join|link|key$)/.test(name))).toEqual([]);
    expect(__type.fields.map(({ name }) => name).sort()).toEqual(['id', 'name', 'posts']);
  });

  it('stands beside data, in the client’s order', async () => {
    const { dataText } = await run(
      world,
      '{ a: __type(name: "Colour") { kind } me { id } __typename __schema { queryType { name } } }',
    );
    expect(dataText).toBe(
      '{"a":{"kind":"ENUM"},"me":{"id":"u1"},"__typename":"Query","__schema":{"queryType":{"name":"Query"}}}',
    );
  });

  it('may come through fragments', async () => {
    const query = `{ ...F ... on Query { b: __type(name: "Filter") { kind } } }
      fragment F on Query { a: __type(name: "User") { ...N } }
      fragment N on __Type { name }`;
    expect(await data(query)).toEqual({ a: { name: 'User' }, b: { kind: 'INPUT_OBJECT' } });
  });

  it('takes variables and conditions', async () => {
    const query =
      'query ($n: String!, $c: Boolean!) { a: __type(name: $n) { name } b: __type(name: "User") @include(if: $c) { name } }';
    expect(await data(query, { n: 'Colour', c: false })).toEqual({ a: { name: 'Colour' } });
    expect(await data(query, { n: 'Nobody', c: true })).toEqual({ a: null, b: { name: 'User' } });
  });

  it('shows defaults as the schema has them, with all digits', () => {
    const schema = buildSchema(`
      scalar Any
      enum Colour { RED }
      input Filter { price: Any = 1.10 colour: Colour = RED }
      type Query {
        f(big: Any = 9007199254740993, of: Any = {a: [1.50, "x"]}, list: [Any!] = [1.0, 2], filter: Filter = {price: 2.0}, none: Int): Int
      }
    `);
    const document = parse(
      '{ q: __type(name: "Query") { fields { args { name defaultValue } } } i: __type(name: "Filter") { inputFields { defaultValue } } }',
    );
    const { texts, errors } = new Introspector(schema).introspect(document, {});
    expect(errors).toEqual([]);
    const [{ args }] = JSON.parse(texts.get('q') ?? '').fields;
    const shown = args.map((arg: { name: string; defaultValue: string | null }) => [arg.name, arg.defaultValue]);
    expect(Object.fromEntries(shown)).toEqual({
      big: '9007199254740993',
      of: '{a: [1.50, "x"]}',
      list: '[1.0, 2]',
      filter: '{price: 2.0}',
      none: null,
    });
    expect(texts.get('i')).toBe('{"inputFields":[{"defaultValue":"1.10"},{"defaultValue":"RED"}]}');
  });

  it('shows no default that names what is hidden', () => {
    const schema = buildSchema('enum Colour { RED } type Query { f(colour: Colour = HIDDEN): Int }', {
      assumeValid: true,
      assumeValidSDL: true,
    });
    const document = parse('{ __type(name: "Query") { fields { args { defaultValue } } } }');
    const { texts } = new Introspector(schema).introspect(document, {});
    expect(texts.get('__type')).toBe('{"fields":[{"args":[{"defaultValue":null}]}]}');
  });

  it('tells `__typename` of data', async () => {
    expect(await data('{ me { type: __typename } __typename }')).toEqual({
      me: { type: 'User' },
      __typename: 'Query',
    });
    expect(await data('mutation { __typename rename(name: "x") { __typename } }')).toEqual({
      __typename: 'Mutation',
      rename: { __typename: 'User' },
    });
  });
});

describe('introspection switched off', () => {
  const { supergraph } = world.engine;
  const engine = createEngine({ supergraph, sources: world.sources, introspection: false });
  const client = { requestId: 'test', headers: {} };

  it.each(['{ __schema { queryType { name } } }', '{ me { id } __type(name: "User") { name } }'])(
    'is refused: %s',
    async (query) => {
      const { refusal, errors } = await engine.execute({ query, client });
      expect(refusal).toBe('validation');
      expect(errors[0]?.message).toMatch(/introspection has been disabled/);
    },
  );

  it('still tells `__typename`', async () => {
    expect((await engine.execute({ query: '{ __typename me { __typename } }', client })).dataText).toBe(
      '{"__typename":"Query","me":{"__typename":"User"}}',
    );
  });
});

describe('fragments at the root', () => {
  const world = smallWorld();

  it('may be many once they are written out, and take no longer', async () => {
    const doubling = Array.from(
      { length: 22 },
      (_, i) => `fragment F${i} on Query { ...F${i + 1} ... { ...F${i + 1} } }`,
    );
    const leaf = 'fragment F22 on Query { __type(name: "User") { ...T } me { id } } fragment T on __Type { name }';
    const { dataText, errors } = await run(world, `{ ...F0 } ${doubling.join(' ')} ${leaf}`);
    expect(errors).toEqual([]);
    expect(dataText).toBe('{"__type":{"name":"User"},"me":{"id":"u1"}}');
  });

  it('may introspect each under its own condition', async () => {
    const query = `query ($a: Boolean!) { ...A ...B @include(if: $a) }
      fragment A on Query { a: __type(name: "User") { name } } fragment B on Query { b: __type(name: "User") { kind } me { id } }`;
    expect((await run(world, query, { variables: { a: false } })).dataText).toBe('{"a":{"name":"User"}}');
    expect((await run(world, query, { variables: { a: true } })).dataText).toBe(
      '{"a":{"name":"User"},"b":{"kind":"OBJECT"},"me":{"id":"u1"}}',
    );
  });
});

describe('answers that are kept', () => {
  const introspector = new Introspector(world.engine.publicSchema);
  const part = (query: string) => {
    const document = parse(query);
    const [operation] = document.definitions;
    return introspectionPart(document, operation as OperationDefinitionNode) as DocumentNode;
  };

  it('are those that no variable changes', () => {
    const document = part('query ($id: ID!) { user(id: $id) { name } __schema { queryType { name } } }');
    expect(introspector.introspect(document, { id: '2' })).toBe(introspector.introspect(document, { id: '1' }));
  });

  it('are not those that one does', () => {
    const document = part('query ($name: String!) { __type(name: $name) { kind } }');
    expect(introspector.introspect(document, { name: 'User' }).texts.get('__type')).toBe('{"kind":"OBJECT"}');
    expect(introspector.introspect(document, { name: 'Colour' }).texts.get('__type')).toBe('{"kind":"ENUM"}');
  });
});

describe('how much may be introspected', () => {
  const types = Array.from({ length: 200 }, (_, i) => `type T${i} { a(x: Int, y: String): T0 b: [T1!] c: Int }`);
  const large = new Introspector(buildSchema(`type Query { t: T0 } ${types.join(' ')}`));
  const refuse = (query: string, variables = {}) => {
    const document = parse(query);
    const part = introspectionPart(document, document.definitions[0] as OperationDefinitionNode);
    return large.refuse(part as DocumentNode, variables)?.errors[0];
  };
  const aliases = (count: number, field: string) =>
    Array.from({ length: count }, (_, i) => `a${i}: ${field}`).join(' ');

  it('is enough for all that tools ask', () => {
    for (const descriptions of [true, false]) {
      const query = getIntrospectionQuery({ descriptions, inputValueDeprecation: true, schemaDescription: true });
      expect(refuse(query)).toBeUndefined();
    }
    expect(refuse(`{ ${aliases(200, '__type(name: "T7") { name fields { name type { name } } }')} }`)).toBeUndefined();
  });

  it('is bounded, however it is multiplied', () => {
    const tooMuch = {
      message: expect.stringMatching(/^The introspection selects more than \d+ values/),
      extensions: { code: 'MAX_INTROSPECTION_LIMIT' },
    };
    expect(refuse(`{ __schema { types { fields { args { ${aliases(1_500, 'name')} } } } } }`)).toEqual(tooMuch);
    expect(refuse(`{ __schema { ${aliases(100, 'types { fields { name } }')} } }`)).toEqual(tooMuch);
    expect(
      refuse(`{ __schema { ${aliases(100, 'types { ...F }')} } } fragment F on __Type { fields { name } }`),
    ).toEqual(tooMuch);
    expect(
      refuse('{ ... on Query { __schema { types { fields { type { fields { type { fields { name } } } } } } } } }'),
    ).toBeUndefined();
    const byName = `query ($name: String!) { ${aliases(500, `__type(name: $name) { ${aliases(20, 'fields { name }')} }`)} }`;
    expect(refuse(byName, { name: 'T3' })).toEqual(tooMuch);
    expect(refuse(byName, { name: 'Int' })).toBeUndefined();
  });

  it('is held to by the engine, before anything is answered', async () => {
    const query = `{ me { id } __schema { ${aliases(1_500, 'types { name kind fields { name } }')} } }`;
    expect(await run(world, query)).toMatchObject({
      dataText: undefined,
      refusal: 'limit',
      errors: [{ extensions: { code: 'MAX_INTROSPECTION_LIMIT' } }],
    });
  });
});
