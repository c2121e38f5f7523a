import { describe, expect, it } from 'vitest';
import { resultText } from '../../src/pipeline/execution-result.ts';
import { createEngine } from '../../src/pipeline/pipeline.ts';
import { run, smallWorld } from './world.ts';

const world = smallWorld();

describe('a request that cannot begin', () => {
  it.each([
    ['is no GraphQL', '{ me {', 'parse', 'GRAPHQL_PARSE_FAILED', /Syntax Error: Expected Name, found <EOF>/],
    ['is empty', '', 'parse', 'GRAPHQL_PARSE_FAILED', /Unexpected <EOF>/],
    [
      'asks for a field that is not there',
      '{ you }',
      'validation',
      'GRAPHQL_VALIDATION_FAILED',
      /Cannot query field "you"/,
    ],
    [
      'asks for a field that is not shown',
      '{ me { secret } }',
      'validation',
      'GRAPHQL_VALIDATION_FAILED',
      /Cannot query field "secret"/,
    ],
    [
      'has two shapes under one key',
      '{ me { a: id a: name } }',
      'validation',
      'GRAPHQL_VALIDATION_FAILED',
      /Fields "a" conflict/,
    ],
    [
      'has fragments that spread each other',
      '{ me { ...A } } fragment A on User { ...A }',
      'validation',
      'GRAPHQL_VALIDATION_FAILED',
      /Cannot spread fragment "A" within itself/,
    ],
    [
      'subscribes to something, where the schema has no subscriptions',
      'subscription { x }',
      'validation',
      'GRAPHQL_VALIDATION_FAILED',
      /^The schema has no subscriptions\.$/,
    ],
    ['has fragments only', 'fragment A on User { id }', 'validation', 'GRAPHQL_VALIDATION_FAILED', /never used/],
    [
      'asks for the machinery of federation',
      '{ _service { sdl } }',
      'validation',
      'GRAPHQL_VALIDATION_FAILED',
      /Cannot query field "_service"/,
    ],
  ])('%s', async (_, query, refusal, code, message) => {
    const answer = await run(world, query);
    expect(answer).toMatchObject({ dataText: undefined, refusal });
    expect(answer.errors[0]).toMatchObject({ message: expect.stringMatching(message), extensions: { code } });
    expect(answer.errors[0]).toHaveProperty('locations');
  });

  it('shows no data, not even null', async () => {
    expect(JSON.parse(resultText(await run(world, '{ you }')))).not.toHaveProperty('data');
  });

  it('does not reach a subgraph', async () => {
    const before = world.requests.length;
    await run(world, '{ me { id } you }');
    expect(world.requests).toHaveLength(before);
  });

  it('reports a hundred errors at most', async () => {
    const fields = [...Array(300).keys()].map((i) => `none${i}`).join(' ');
    expect((await run(world, `{ ${fields} }`)).errors.length).toBeLessThanOrEqual(101);
  });

  it('selects too much once its fragments are expanded', async () => {
    const fields = [...Array(20_001).keys()].map((i) => `k${i}: __typename`).join(' ');
    expect(await run(world, `{ ${fields} }`)).toMatchObject({
      refusal: 'validation',
      errors: [
        {
          message: expect.stringContaining('more than 10000 fields'),
          extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
        },
      ],
    });
  });
});

describe('several operations in one document', () => {
  const query = 'query A { me { id } } mutation B { rename(name: "x") { name } }';

  it('run by name', async () => {
    expect(await run(world, query, { operationName: 'A' })).toMatchObject({ dataText: '{"me":{"id":"u1"}}' });
    expect(await run(world, query, { operationName: 'B' })).toMatchObject({ dataText: '{"rename":{"name":"x"}}' });
  });

  it('are not guessed at', async () => {
    expect(await run(world, query)).toMatchObject({
      refusal: 'operation',
      errors: [
        { message: expect.stringContaining('several operations: A, B. Name the one to run in "operationName"') },
      ],
    });
  });

  it('are listed where the name is not among them', async () => {
    expect(await run(world, query, { operationName: 'C' })).toMatchObject({
      refusal: 'operation',
      errors: [{ message: 'The document has no operation "C". It has: A, B.' }],
    });
  });

  it('of which there is one run without being named', async () => {
    expect(await run(world, 'query A { me { id } }', { operationName: null })).toMatchObject({ errors: [] });
  });
});

describe('kinds of operations', () => {
  const mutation = 'mutation { rename(name: "x") { name } }';

  it('mutations are refused where reading alone is allowed', async () => {
    expect(await run(world, mutation, { readOnly: true })).toMatchObject({
      refusal: 'method',
      errors: [{ message: 'A mutation cannot be sent with GET. Send it with POST.' }],
    });
    expect(await run(world, '{ me { id } }', { readOnly: true })).toMatchObject({ dataText: '{"me":{"id":"u1"}}' });
  });

  it('queries are distinguished from the rest', () => {
    const { engine } = world;
    expect(engine.canDedupe({ query: '{ me { id } }' })).toBe(true);
    expect(engine.canDedupe({ query: mutation })).toBe(false);
    const both = `query A { me { id } } ${mutation.replace('mutation', 'mutation B')}`;
    expect(engine.canDedupe({ query: both, operationName: 'A' })).toBe(true);
    expect(engine.canDedupe({ query: both, operationName: 'B' })).toBe(false);
    expect(engine.canDedupe({ query: both })).toBe(false);
    expect(engine.canDedupe({ query: '{ me' })).toBe(false);
    expect(engine.canDedupe({ query: '{ none }' })).toBe(false);
  });
});

describe('a mistake of ours', () => {
  it('is masked, and reported to the host', async () => {
    const reported: unknown[] = [];
    const { supergraph } = world.engine;
    const engine = createEngine({ supergraph, sources: new Map(), onInternalError: (error) => reported.push(error) });
    expect(await engine.execute({ query: '{ me { id } }', client: { requestId: 'test', headers: {} } })).toMatchObject({
      dataText: undefined,
      refusal: 'internal',
      errors: [{ message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    });
    expect(String(reported[0])).toContain('no source for subgraph "users"');
  });
});
