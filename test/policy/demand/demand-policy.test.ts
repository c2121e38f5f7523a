import { describe, expect, test, vi } from 'vitest';
import { demandControlSection } from '../../../src/config/sections/demand-control.ts';
import type { OperationPolicy } from '../../../src/pipeline/operation-policy.ts';
import { createDemandPolicy } from '../../../src/policy/demand/demand-policy.ts';
import { createWorld } from '../../worlds/world.ts';
import { costly } from './costly-world.ts';

function world(settings: Record<string, unknown>, estimated: Record<string, unknown> = {}) {
  const observer = { onTooExpensive: vi.fn(), onMeasured: vi.fn() };
  const parsed = demandControlSection.parse({
    enabled: true,
    mode: 'enforce',
    strategy: { static_estimated: estimated },
    ...settings,
  });
  const made = createWorld({ subgraphs: costly, engine: { policies: [createDemandPolicy(parsed, observer)] } });
  const ask = (query: string, variables?: Record<string, unknown>) =>
    made.engine.execute({ query, variables, client: { requestId: 'r1', headers: {} } });
  return { ask, observer, made };
}

describe('enforce', () => {
  const { ask, made } = world({}, { max: 20 });

  test('what costs as much as allowed is answered; one more is refused before anything is fetched', async () => {
    expect((await ask('{ page(first: 20) { id } }')).errors).toEqual([]);
    const before = made.requests.length;
    expect(await ask('{ page(first: 21) { id } }')).toMatchObject({
      dataText: undefined,
      refusal: 'policy',
      status: 400,
      errors: [
        {
          message: 'The operation is estimated to cost 21; demand_control allows 20.',
          extensions: { code: 'COST_ESTIMATED_TOO_EXPENSIVE', cost: { estimated: 21, max: 20 } },
        },
      ],
    });
    expect(made.requests.length).toBe(before);
  });

  test('by the variables of each request', async () => {
    const query = 'query ($n: Int) { page(first: $n) { id } }';
    expect((await ask(query, { n: 20 })).status).toBeUndefined();
    expect((await ask(query, { n: 2_000_000_000 })).status).toBe(400);
  });

  test('nothing is had for less by asking for less than nothing', async () => {
    const { ask: askFor } = world({}, { max: 5 });
    const estimated = async (query: string, variables?: Record<string, unknown>) => {
      const { errors } = await askFor(query, variables);
      return (errors[0]?.extensions?.cost as { estimated: number } | undefined)?.estimated;
    };
    expect(await estimated('query ($n: Int = 20) { latest(first: $n) { id } }')).toBe(20);
    expect(await estimated('query ($n: Int = -1) { latest(first: $n) { id } }')).toBe(10);
    expect(await estimated('query ($n: Int) { latest(first: $n) { id } }', { n: -1 })).toBe(10);
    expect(await estimated('query ($n: Int) { latest(first: $n) { id } }', { n: null })).toBe(10);
    expect(await estimated('{ books { id } a: page(first: -1) { id } b: page(first: -1) { id } }')).toBe(18);
    expect(await estimated('{ books { id } rebate rebates { book { id } } }')).toBe(20);
  });

  test('wants one slicing argument', async () => {
    expect(await ask('{ page { id } }')).toMatchObject({
      status: 400,
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });

  test('for one subgraph', async () => {
    const { ask: askEach } = world({}, { subgraph: { all: { max: 100 }, subgraphs: { reviews: { max: 50 } } } });
    expect((await askEach('{ books { reviews { text } } }')).errors).toEqual([]);
    expect((await askEach('{ books { reviews { text } stars } }')).errors).toEqual([
      {
        message: 'The part of the operation for subgraph "reviews" is estimated to cost 80; demand_control allows 50.',
        extensions: { code: 'COST_ESTIMATED_TOO_EXPENSIVE', cost: { estimated: 80, max: 50, subgraph: 'reviews' } },
      },
    ]);
    expect((await askEach('{ a: page(first: 101) { id } }')).errors[0]?.message).toContain('subgraph "books"');
  });
});

describe('measure', () => {
  test('executes, and reports each request that costs too much', async () => {
    const { ask, observer } = world({ mode: 'measure' }, { max: 5 });
    for (const first of [5, 6, 6]) expect((await ask(`{ page(first: ${first}) { id } }`)).errors).toEqual([]);
    expect((await ask('{ page { id } }')).errors).toEqual([]);
    expect(
      observer.onTooExpensive.mock.calls.map(([found, client]) => [found.estimated, found.max, client.requestId]),
    ).toEqual([
      [6, 5, 'r1'],
      [6, 5, 'r1'],
    ]);
  });
});

describe('exposed', () => {
  test('estimates stand in headers and extensions, also where they are too large', async () => {
    const { ask } = world({ expose: true }, { max: 5 });
    expect(await ask('{ page(first: 2) { id } }')).toMatchObject({
      headers: { 'x-cost-estimated': '2' },
      extensions: { cost: { estimated: 2 } },
    });
    expect(await ask('{ page(first: 6) { id } }')).toMatchObject({ status: 400, headers: { 'x-cost-estimated': '6' } });
  });

  test.each([
    ['{ page(first: 20) { author { name } reviews { text } } }', 20 * (1 + 5 + 1)],
    ['{ books { id } shelf { id } }', 2],
    ['query ($n: Int) { connection(first: $n) { nodes { id } total } }', 1 + 3],
    ['{ thing { ... on Film { studio } ... on Book { author { name } } } weighed(a: 1) }', 1 + 20 + 3],
    ['mutation { add { id } }', 11],
    ['{ rebate weighed(a: 1) rebates { book { author { name } } } }', 3 + 1 + 5],
  ])('actual costs are those of what is there: %s', async (query, actual) => {
    const { ask, observer } = world({ expose: true, actual_cost: true });
    const { extensions, headers, errors } = await ask(query, { n: 3 });
    expect(errors).toEqual([]);
    expect([extensions?.cost, headers?.['x-cost-actual']]).toEqual([
      expect.objectContaining({ actual }),
      String(actual),
    ]);
    expect(observer.onMeasured).toHaveBeenCalledWith(expect.objectContaining({ actual }), expect.anything());
  });
});

test('an operation that stays below the maximum whatever its variables is not looked at again', () => {
  const observer = { onTooExpensive: vi.fn(), onMeasured: vi.fn() };
  const policy = createDemandPolicy(
    demandControlSection.parse({ strategy: { static_estimated: { max: 10 } } }),
    observer,
  );
  const inspect = vi.spyOn(policy, 'inspect');
  const made = createWorld({ subgraphs: costly, engine: { policies: [policy] } });
  return made.query('{ book { id } }').then(() => expect(inspect).toHaveReturnedWith(undefined));
});

test('fields that are dropped before cost nothing, and are not asked of their subgraph', async () => {
  const settings = { subgraph: { subgraphs: { reviews: { max: 50 } } }, max: 60 };
  const parsed = demandControlSection.parse({
    mode: 'enforce',
    expose: true,
    strategy: { static_estimated: settings },
  });
  const observer = { onTooExpensive: vi.fn(), onMeasured: vi.fn() };
  const dropping: OperationPolicy = {
    inspect(operation) {
      const field = operation.selection.items[0]?.selection?.items.find(
        (item) => item.kind === 'field' && item.name === 'reviews',
      );
      if (field?.kind !== 'field') throw new Error('no reviews');
      const list = [{ field, error: { message: 'no', extensions: { code: 'NO' } } }];
      return { check: ({ client }) => (client.headers['x-guest'] ? { drop: list } : undefined) };
    },
  };
  const { engine } = createWorld({
    subgraphs: costly,
    engine: { policies: [dropping, createDemandPolicy(parsed, observer)] },
  });
  const ask = (headers: Record<string, string>) =>
    engine.execute({ query: '{ books { reviews { text } stars } }', client: { requestId: 'r', headers } });
  expect(await ask({})).toMatchObject({ status: 400, errors: [{ extensions: { cost: { estimated: 90, max: 60 } } }] });
  for (let i = 0; i < 2; i++) {
    const { errors, extensions } = await ask({ 'x-guest': '1' });
    expect(errors.map(({ message }) => message)).toEqual(['no']);
    expect(extensions).toEqual({ cost: { estimated: 40 } });
  }
});
