import { getIntrospectionQuery } from 'graphql';
import { describe, expect, test } from 'vitest';
import { limitsSection } from '../../../src/config/sections/limits.ts';
import { createRequestLimits, type Excess } from '../../../src/policy/limits/request-limits.ts';
import { run, smallWorld } from '../../pipeline/world.ts';

/** The small world behind limits as a config file says them. */
function limited(settings: Record<string, unknown>) {
  const warnings: Excess[] = [];
  const limits = createRequestLimits(limitsSection.parse(settings), (excesses) => void warnings.push(...excesses));
  const world = smallWorld({ limits, maxTokens: 15_000 });
  const ask = (query: string, variables?: Record<string, unknown>) => run(world, query, { variables });
  return { ask, warnings, world };
}

describe('each limit lets pass what it allows, and names itself, the value and what is allowed beyond', () => {
  test.each([
    ['max_depth', 2, '{ me { id } }', '{ ...F } fragment F on Query { user(id: 1) { ... on User { id } } }', undefined],
    [
      'max_depth',
      1,
      '{ __typename }',
      '{ me { id } }',
      'The operation has 2 levels of fields; limits.max_depth allows 1.',
    ],
    [
      'max_height',
      3,
      '{ me { id name } }',
      '{ me { id name } b: me { id } }',
      'The operation has 5 fields; limits.max_height allows 3.',
    ],
    [
      'max_aliases',
      1,
      '{ a: me { id } }',
      '{ a: me { b: id } }',
      'The operation has 2 aliases; limits.max_aliases allows 1.',
    ],
    [
      'max_root_fields',
      1,
      '{ me { id name } }',
      '{ me { id } ...F } fragment F on Query { user(id: 1) { id } }',
      'The operation has 2 root fields; limits.max_root_fields allows 1.',
    ],
    [
      'max_directives',
      1,
      '{ me @skip(if: false) { id } }',
      '{ me @skip(if: false) { id @include(if: true) } }',
      'The operation has 2 directives; limits.max_directives allows 1.',
    ],
    [
      'max_operations',
      1,
      'query A { me { id } }',
      'query A { me { id } } query B { me { id } }',
      'The document has 2 operations; limits.max_operations allows 1.',
    ],
    [
      'max_recursive_selections',
      4,
      '{ ...F } fragment F on Query { me { id } }',
      '{ ...F ...F } fragment F on Query { me { id } }',
      'The operation has 6 selections once its fragments are expanded; limits.max_recursive_selections allows 4.',
    ],
    [
      'parser_max_recursion',
      2,
      '{ me { id } }',
      '{ ... { me { id } } }',
      'The document has 3 or more levels of brackets or selections; limits.parser_max_recursion allows 2.',
    ],
    [
      'parser_max_recursion',
      2,
      '{ me { id } }',
      '{ ...F } fragment F on Query { me { id } }',
      'The operation has 3 or more levels of brackets or selections; limits.parser_max_recursion allows 2.',
    ],
  ])('%s: %i', async (limit, allowed, good, bad, message) => {
    const { ask, world } = limited({ [limit]: allowed });
    if (message === undefined) {
      // two documents of the same size, one with its fragments written out
      for (const query of [good, bad]) expect((await ask(query)).refusal).toBeUndefined();
      return;
    }
    expect((await ask(good)).refusal).toBeUndefined();
    const before = world.requests.length;
    const code = { parser_max_recursion: 'MAX_RECURSION_LIMIT' }[limit] ?? `${limit.toUpperCase()}_LIMIT`;
    expect(await ask(bad)).toMatchObject({ refusal: 'limit', errors: [{ message, extensions: { code, allowed } }] });
    expect(world.requests.length).toBe(before);
  });

  test('max_variables_depth', async () => {
    const { ask } = limited({ max_variables_depth: 3 });
    const query = 'query ($filter: Filter) { echo(filter: $filter) }';
    expect(await ask(query, { filter: { inner: { inner: { tag: 'a' } } } })).toMatchObject({ errors: [] });
    expect(await ask(query, { filter: { inner: { inner: { inner: { tag: 'a' } } } } })).toMatchObject({
      refusal: 'limit',
      errors: [
        {
          message: 'The variables have 4 or more levels of lists and objects; limits.max_variables_depth allows 3.',
          extensions: { code: 'MAX_VARIABLES_DEPTH_LIMIT', value: 4, allowed: 3 },
        },
      ],
    });
  });

  test('max_variables_bytes, of their JSON text', async () => {
    const { ask } = limited({ max_variables_bytes: 14 });
    const query = 'query ($t: String) { echo(text: $t) }';
    expect(await ask(query, { t: 'ä1234' })).toMatchObject({ errors: [] });
    expect(await ask(query, { t: 'ä12345' })).toMatchObject({
      errors: [{ message: 'The variables have 15 bytes as JSON text; limits.max_variables_bytes allows 14.' }],
    });
  });

  test('all that are exceeded are reported at once, and also if any of several operations exceeds them', async () => {
    const { ask } = limited({ max_depth: 1, max_aliases: 1 });
    const { errors } = await ask('query A { me { id } } query B { a: me { b: id } }');
    expect(errors.map(({ extensions }) => extensions?.code)).toEqual(['MAX_DEPTH_LIMIT', 'MAX_ALIASES_LIMIT']);
  });
});

describe('warn_only', () => {
  test('tells once of a document what it would refuse, and answers', async () => {
    const { ask, warnings } = limited({ max_depth: 1, warn_only: true });
    for (let i = 0; i < 2; i++) expect((await ask('{ me { id } }')).dataText).toBe('{"me":{"id":"u1"}}');
    expect(warnings).toEqual([expect.objectContaining({ code: 'MAX_DEPTH_LIMIT', value: 2, allowed: 1 })]);
  });

  test('does not let pass what the gateway itself could stumble over', async () => {
    const { ask } = limited({ parser_max_recursion: 1, warn_only: true });
    expect(await ask('{ me { id } }')).toMatchObject({ refusal: 'limit' });
  });
});

describe('limits that hold by default', () => {
  const { ask } = limited({});

  test('refuse what no honest client sends', async () => {
    const code = async (query: string, variables?: Record<string, unknown>) =>
      (await ask(query, variables)).errors[0]?.extensions?.code;
    const aliases = (count: number) => Array.from({ length: count }, (_, i) => `a${i}: id`).join(' ');
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `f${i}: __typename`).join(' ');
    expect(await code(`{ me { ${aliases(500)} } }`)).toBeUndefined();
    expect(await code(`{ me { ${aliases(501)} } }`)).toBe('MAX_ALIASES_LIMIT');
    expect(await code(`{ ${fields(200)} }`)).toBeUndefined();
    expect(await code(`{ ${fields(201)} }`)).toBe('MAX_ROOT_FIELDS_LIMIT');
    expect(await code(`${'{ me '.repeat(100)}{ id }${'}'.repeat(100)}`)).toBe('MAX_DEPTH_LIMIT');
    const echo = 'query ($v: String) { echo(text: $v) }';
    expect(await code(echo, { v: 'a'.repeat(999_000) })).toBeUndefined();
    expect(await code(echo, { v: 'a'.repeat(1_000_000) })).toBe('MAX_VARIABLES_BYTES_LIMIT');
  });

  test('are off where they are null', async () => {
    const none = { max_depth: null, max_aliases: null, max_root_fields: null, max_variables_bytes: null };
    const { ask: askFreely } = limited(none);
    const query = `query ($v: String) { ${Array.from({ length: 600 }, (_, i) => `a${i}: echo(text: $v)`).join(' ')} }`;
    expect((await askFreely(query, { v: 'a' })).errors).toEqual([]);
    expect((await askFreely('query ($v: String) { echo(text: $v) }', { v: 'a'.repeat(1_100_000) })).errors).toEqual([]);
  });

  test.each([
    ['GraphiQL and code generators', getIntrospectionQuery()],
    [
      'all that there is to ask for',
      getIntrospectionQuery({
        descriptions: true,
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        schemaDescription: true,
        inputValueDeprecation: true,
        oneOf: true,
      }),
    ],
    [
      'tools that ask for deep types',
      `{ __schema { types { fields { type ${'{ ofType '.repeat(14)}{ name }${'}'.repeat(14)} } } } }`,
    ],
  ])('let introspection pass: %s', async (_, query) => {
    expect((await ask(query)).errors).toEqual([]);
  });

  test('a document has at most 100,000 lines', async () => {
    expect((await ask(`${'\n'.repeat(99_000)}{ me { id } }`)).errors).toEqual([]);
    expect((await ask(`${'\n'.repeat(100_001)}{ me { id } }`)).errors).toMatchObject([
      { message: 'The document has more than 100000 lines.', extensions: { code: 'MAX_TOKENS_LIMIT' } },
    ]);
  });
});

describe('documents made to hurt', () => {
  const { ask } = limited({});
  const codes = async (query: string) => {
    const { refusal, errors } = await ask(query);
    return [refusal, ...new Set(errors.map(({ extensions }) => extensions?.code))];
  };

  test('2^30 leaves by fragments', async () => {
    const one = Array.from(
      { length: 30 },
      (_, i) => `fragment F${i} on User { ...F${i + 1} ...G${i} } fragment G${i} on User { ...F${i + 1} }`,
    );
    expect(await codes(`{ me { ...F0 } } ${one.join(' ')} fragment F30 on User { id }`)).toEqual([
      'limit',
      'MAX_RECURSIVE_SELECTIONS_LIMIT',
    ]);
    const two = Array.from(
      { length: 30 },
      (_, i) => `fragment F${i} on User { a { ...F${i + 1} } b { ...F${i + 1} } }`,
    );
    expect(await codes(`{ me { ...F0 } } ${two.join(' ')} fragment F30 on User { id }`)).toEqual([
      'limit',
      'MAX_RECURSIVE_SELECTIONS_LIMIT',
    ]);
  });

  test.each([
    [
      'a circle of fragments',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
      'validation',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['ten thousand levels of selections', '{a'.repeat(10_000), 'limit', 'MAX_RECURSION_LIMIT'],
    ['ten thousand levels of list values', `{ echo(tags: ${'['.repeat(10_000)}`, 'limit', 'MAX_RECURSION_LIMIT'],
    ['ten thousand levels of object values', `{ echo(filter: ${'{a:'.repeat(10_000)}`, 'limit', 'MAX_RECURSION_LIMIT'],
    ['ten thousand levels of list types', `query ($a: ${'['.repeat(10_000)}`, 'limit', 'MAX_RECURSION_LIMIT'],
    [
      'a long chain of fragments',
      `{ ...F0 } ${Array.from({ length: 1_500 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} }`).join(' ')}`,
      'limit',
      'MAX_RECURSION_LIMIT',
    ],
    [
      'ten thousand aliases',
      `{ ${Array.from({ length: 10_000 }, (_, i) => `a${i}: me { id }`).join(' ')} }`,
      'limit',
      'MAX_TOKENS_LIMIT',
    ],
    ['a hundred thousand tokens', `{ ${'me '.repeat(100_000)} }`, 'limit', 'MAX_TOKENS_LIMIT'],
    [
      'a variable called __proto__',
      'query ($__proto__: JSON) { echo(json: $__proto__) }',
      'validation',
      'GRAPHQL_VALIDATION_FAILED',
    ],
  ])('%s', async (_, query, refusal, code) => {
    expect(await codes(query)).toEqual([refusal, code]);
  });

  test('deeper than the stack, where no limit is set', async () => {
    const world = smallWorld();
    for (const query of ['{a'.repeat(20_000), `{ echo(tags: ${'['.repeat(20_000)}`]) {
      expect(await run(world, query)).toMatchObject({
        refusal: 'limit',
        errors: [{ extensions: { code: 'MAX_RECURSION_LIMIT' } }],
      });
    }
  });

  test('the deepest that may be configured does not overflow the stack', async () => {
    const { ask: askDeep } = limited({ parser_max_recursion: 1_000, max_depth: null });
    const levels = `${'{ me '.repeat(999)}{ id }${'}'.repeat(999)}`;
    expect((await askDeep(levels)).errors[0]?.extensions?.code).toBe('GRAPHQL_VALIDATION_FAILED');
    const lists = `{ echo(json: ${'['.repeat(990)}${']'.repeat(990)}) }`;
    expect(JSON.parse((await askDeep(lists)).dataText ?? '').echo).toContain('[[[[[');
    const values = JSON.parse(`${'{"a":'.repeat(99)}1${'}'.repeat(99)}`);
    expect((await askDeep('query ($j: JSON) { echo(json: $j) }', { j: values })).errors).toEqual([]);
  });
});

describe('names that every JavaScript object seems to have', () => {
  const { ask } = limited({ max_aliases: 10 });

  test('are aliases like others', async () => {
    const { dataText, errors } = await ask('{ __proto__: me { constructor: id toString: name __proto__: id } }');
    expect(errors).toEqual([]);
    expect(dataText).toBe('{"__proto__":{"constructor":"u1","toString":"Ada","__proto__":"u1"}}');
  });

  test('are variables like others', async () => {
    const query = 'query ($constructor: String, $toString: Int = 3) { echo(text: $constructor, count: $toString) }';
    expect(JSON.parse(JSON.parse((await ask(query, { constructor: 'x' })).dataText ?? '').echo)).toMatchObject({
      text: 'x',
      count: 3,
    });
    expect(JSON.parse(JSON.parse((await ask(query)).dataText ?? '').echo)).toMatchObject({ text: 'x', count: 3 });
  });

  test('are no fields of input objects, nor of types', async () => {
    const query = 'query ($f: Filter) { echo(filter: $f) }';
    expect(await ask(query, { f: JSON.parse('{"__proto__": {"tag": "x"}}') })).toMatchObject({ refusal: 'variables' });
    expect(await ask('{ constructor __proto__ { id } }')).toMatchObject({ refusal: 'validation' });
  });

  test('pass through scalars of any shape without touching anything', async () => {
    const j = JSON.parse('{"__proto__": {"polluted": true}}');
    const { dataText } = await ask('query ($j: JSON) { echo(json: $j) }', { j });
    expect(JSON.parse(dataText ?? '').echo).toContain('{"__proto__":{"polluted":true}}');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('hidden suggestions', () => {
  const world = smallWorld({ hideSuggestions: true });
  const messages = async (query: string, variables?: Record<string, unknown>) =>
    (await run(world, query, { variables })).errors.map(({ message }) => message);

  test.each([
    ['{ mee { id } }', 'Cannot query field "mee" on type "Query".'],
    ['{ me { nam } }', 'Cannot query field "nam" on type "User".'],
    ['{ echo(texd: "a") }', 'Unknown argument "texd" on field "Query.echo".'],
    ['{ echo(colour: REDD) }', 'Value "REDD" does not exist in "Colour" enum.'],
    ['{ ... on Usr { id } }', 'Unknown type "Usr".'],
    ['{ echo(filter: {tagg: "x"}) }', 'Field "tagg" is not defined by type "Filter".'],
  ])('%s', async (query, message) => {
    expect(await messages(query)).toEqual([message]);
  });

  test('also of variables', async () => {
    expect(await messages('query ($f: Filter) { echo(filter: $f) }', { f: { tagg: 1 } })).toEqual([
      'Variable "$f" got invalid value { tagg: 1 }; Field "tagg" is not defined by type "Filter".',
    ]);
  });
});

test('a document may have fifty operations, unless the config says otherwise', async () => {
  const { ask } = limited({});
  const operations = (count: number) => Array.from({ length: count }, (_, i) => `query Q${i} { me { id } }`).join(' ');
  expect((await ask(operations(51))).errors[0]?.message).toBe(
    'The document has 51 operations; limits.max_operations allows 50.',
  );
  expect((await ask(operations(50))).errors[0]?.message).toMatch(/^The document has several operations/);
});

test('of a long circle of fragments the first are named', async () => {
  const fragments = Array.from({ length: 1_000 }, (_, i) => `fragment F${i} on User { id ...F${(i + 1) % 1_000} }`);
  const { errors } = await limited({}).ask(`{ me { ...F0 } } ${fragments.join(' ')}`);
  expect(errors[0]?.message).toBe(
    'The fragments "F0" → "F1" → "F2" → "F3" → "F4" → "F5" → "F6" → "F7" → "F8" → … → "F0" form a cycle.',
  );
});
