import { describe, expect, it } from 'vitest';
import { NOTHING } from '../../src/client/depends-on.ts';
import { DocumentCache } from '../../src/pipeline/documents.ts';
import { run, smallWorld } from './world.ts';

const world = smallWorld();

describe('@skip and @include', () => {
  const query = 'query ($a: Boolean!, $b: Boolean = true) { me { id @skip(if: $a) name @include(if: $b) } }';

  it.each([
    [{ a: true }, '{"name":"Ada"}'],
    [{ a: false }, '{"id":"u1","name":"Ada"}'],
    [{ a: false, b: false }, '{"id":"u1"}'],
    [{ a: true, b: true }, '{"name":"Ada"}'],
    [{ a: true, b: false }, '{}'],
  ])('%j shows %s, whatever was asked before', async (variables, me) => {
    expect((await run(world, query, { variables })).dataText).toBe(`{"me":${me}}`);
    await run(world, query, { variables: { a: !variables.a } });
    expect((await run(world, query, { variables })).dataText).toBe(`{"me":${me}}`);
  });

  it('keep what is not asked for from being fetched', async () => {
    const posts = 'query ($p: Boolean!) { me { name posts @include(if: $p) } }';
    expect((await world.query(posts, { p: false })).requests.map(({ subgraph }) => subgraph)).toEqual(['users']);
    expect((await world.query(posts, { p: true })).requests.map(({ subgraph }) => subgraph)).toEqual([
      'users',
      'posts',
    ]);
  });

  it('are distinguished by operation, too', async () => {
    const two = 'query A($c: Boolean!) { me { id @skip(if: $c) } } query B($c: Boolean!) { me { name @skip(if: $c) } }';
    const variables = { c: false };
    expect((await run(world, two, { operationName: 'A', variables })).dataText).toBe('{"me":{"id":"u1"}}');
    expect((await run(world, two, { operationName: 'B', variables })).dataText).toBe('{"me":{"name":"Ada"}}');
  });
});

describe('the cache of documents', () => {
  const { publicSchema } = world.engine;
  const options = {
    introspection: true,
    labelsUsedBy: () => [],
    inspectPolicies: () => ({ countsRequests: false, reads: NOTHING }),
  };

  it('parses and validates a text once', () => {
    const cache = new DocumentCache(publicSchema, options);
    expect(cache.get('{ me { id } }')).toBe(cache.get('{ me { id } }'));
    expect(cache.get('{ me { none } }')).toBe(cache.get('{ me { none } }'));
  });

  it('forgets what was not asked for longest', () => {
    const cache = new DocumentCache(publicSchema, { ...options, maxDocuments: 2 });
    const first = cache.get('{ me { id } }');
    cache.get('{ me { name } }');
    expect(cache.get('{ me { id } }')).toBe(first);
    cache.get('{ me { __typename } }');
    expect(cache.get('{ me { id } }')).toBe(first);
    cache.get('{ a: me { id } }');
    cache.get('{ b: me { id } }');
    expect(cache.get('{ me { id } }')).not.toBe(first);
  });

  it('is bounded by what the documents take of memory, by their lengths', () => {
    const cache = new DocumentCache(publicSchema, { ...options, maxBytes: 8_000 });
    const first = cache.get('{ me { id } }');
    cache.get('{ something: me { id name } }');
    expect(cache.get('{ me { id } }')).not.toBe(first);
  });

  it('keeps a bounded number of variants of one document', () => {
    const cache = new DocumentCache(publicSchema, options);
    const known = cache.get('query ($a: Boolean!) { me { id @skip(if: $a) } }');
    expect(known).toMatchObject({ conditions: ['a'] });
    expect('prepared' in known && known.prepared.max).toBe(16);
  });
});

it('long texts of a client are shortened in messages', async () => {
  const { errors } = await run(world, `{ ${'x'.repeat(100_000)} }`);
  expect(errors[0]?.message).toMatch(/^Cannot query field "x{900,}…$/);
  expect(JSON.stringify(errors).length).toBeLessThan(2_000);
});

describe('documents with many mistakes', () => {
  const { publicSchema } = world.engine;
  const policies = {
    labelsUsedBy: () => [],
    inspectPolicies: () => ({ countsRequests: false, reads: NOTHING }),
  };
  const messages = (query: string, hideSuggestions = false) => {
    const known = new DocumentCache(publicSchema, { introspection: true, hideSuggestions, ...policies }).read(query);
    return 'errors' in known ? known.errors.map(({ message }) => message) : [];
  };
  const mistakes = (count: number) => `{ me { ${Array.from({ length: count }, (_, i) => `nam${i}: nam`).join(' ')} } }`;
  const suggests = (message: string) => message.includes('Did you mean');

  it('get a hundred errors, of which the first five suggest what was meant', () => {
    const all = messages(mistakes(500));
    expect(all).toHaveLength(101);
    expect(all[0]).toBe('Cannot query field "nam" on type "User". Did you mean "name"?');
    expect(all[5]).toBe('Cannot query field "nam" on type "User".');
    expect(all[100]).toMatch(/^Too many validation errors/);
    expect(all.filter(suggests)).toHaveLength(5);
  });

  it.each([1, 5, 6, 99, 100])('of %i mistakes each is reported once', (count) => {
    expect(messages(mistakes(count))).toHaveLength(count);
    expect(messages(mistakes(count)).filter(suggests)).toHaveLength(Math.min(count, 5));
    expect(messages(mistakes(count), true).filter(suggests)).toEqual([]);
  });

  it('suggest nothing where the text is long', () => {
    expect(messages(`${' '.repeat(100_000)}${mistakes(1)}`)).toEqual(['Cannot query field "nam" on type "User".']);
  });

  it('have names of operations that are not repeated at length', async () => {
    const long = 'Q'.repeat(100_000);
    const many = Array.from({ length: 30 }, (_, i) => `query Q${i}${long} { me { id } }`).join(' ');
    const { errors } = await run(world, many, { operationName: long });
    expect(errors[0]?.message).toMatch(/^The document has no operation "Q+…"\. It has: Q0Q+…, .*, …\.$/);
    expect(errors[0]?.message.length).toBeLessThan(3_000);
  });
});
