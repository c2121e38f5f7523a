import { Kind } from 'graphql';
import { describe, expect, test, vi } from 'vitest';
import { resultText } from '../../src/pipeline/execution-result.ts';
import type { OperationPolicy, PolicyDecision } from '../../src/pipeline/operation-policy.ts';
import { drops, fieldsOf } from './dropping.ts';
import { run, smallWorld } from './world.ts';

function worldWith(...policies: OperationPolicy[]) {
  return smallWorld({ policies });
}

/** A policy that says the same of every request. */
const says = (decision: PolicyDecision | undefined | Promise<PolicyDecision | undefined>): OperationPolicy => ({
  inspect: () => ({ check: () => decision }),
});

const refusal = { status: 418, errors: [{ message: 'No tea.', extensions: { code: 'TEAPOT' } }] };

describe('inspection', () => {
  test('happens once for each operation and each set of condition values, in normal form', async () => {
    const seen: string[] = [];
    const world = worldWith({
      inspect: (operation) => {
        seen.push(
          fieldsOf(operation)
            .map(({ coordinate }) => coordinate)
            .join(' '),
        );
        return undefined;
      },
    });
    const query = 'query ($full: Boolean!) { me { ...F } } fragment F on User { id name @include(if: $full) }';
    for (const full of [true, true, false, true]) await run(world, query, { variables: { full } });
    expect(seen).toEqual(['Query.me User.id User.name', 'Query.me User.id']);
  });

  test('of an operation that is refused each time does not plan it', async () => {
    const world = worldWith(says({ refusal }));
    await run(world, '{ me { id } }');
    expect(world.requests).toEqual([]);
  });
});

describe('a check', () => {
  test('gets coerced variables and the client', async () => {
    const check = vi.fn(() => undefined);
    const world = worldWith({ inspect: () => ({ check }) });
    await run(world, 'query ($id: ID! = 7, $n: Int = 3) { user(id: $id) { posts(first: $n) } }');
    expect(check).toHaveBeenCalledWith(
      expect.objectContaining({ variables: { id: '7', n: 3 }, client: expect.objectContaining({ requestId: 'test' }) }),
    );
  });

  test('that refuses ends it: nothing is fetched, later policies are not asked', async () => {
    const later = vi.fn();
    const world = worldWith(says({ refusal, headers: { 'retry-after': '1' } }), { inspect: () => ({ check: later }) });
    expect(await run(world, '{ me { id } }')).toMatchObject({
      dataText: undefined,
      refusal: 'policy',
      status: 418,
      errors: refusal.errors,
      headers: { 'retry-after': '1' },
      operation: { type: 'query' },
    });
    expect(world.requests).toEqual([]);
    expect(later).not.toHaveBeenCalled();
  });

  test('may take its time', async () => {
    const world = worldWith(says(Promise.resolve(undefined)), says(Promise.resolve({ headers: { 'x-late': '1' } })));
    expect(await run(world, '{ me { id } }')).toMatchObject({
      dataText: '{"me":{"id":"u1"}}',
      headers: { 'x-late': '1' },
    });
    expect(await run(worldWith(says(Promise.resolve({ refusal }))), '{ me { id } }')).toMatchObject({ status: 418 });
  });

  test('sees what earlier policies dropped, and what is below it', async () => {
    const world = worldWith(drops('Query.me'), {
      inspect: (operation) => ({
        check: (request) => ({
          extensions: Object.fromEntries(
            fieldsOf(operation).map(({ field, coordinate }) => [coordinate, request.isDropped(field)]),
          ),
        }),
      }),
    });
    const { extensions } = await run(world, '{ me { id } user(id: 1) { name } }');
    expect(extensions).toEqual({ 'Query.me': true, 'User.id': true, 'Query.user': false, 'User.name': false });
  });

  test('sees what was dropped since an earlier policy looked', async () => {
    const seen: boolean[][] = [];
    const looks: OperationPolicy = {
      inspect: (operation) => ({
        check: (request) => void seen.push(fieldsOf(operation).map(({ field }) => request.isDropped(field))),
      }),
    };
    await run(worldWith(drops('User.id'), looks, drops('User.name'), looks), '{ me { id name } }');
    expect(seen).toEqual([
      [false, true, false],
      [false, true, true],
    ]);
  });

  test('that throws is a mistake of ours, masked', async () => {
    const onInternalError = vi.fn();
    const policies = [{ inspect: () => ({ check: () => Promise.reject(new Error('broken')) }) }];
    const world = smallWorld({ policies, onInternalError });
    expect(await run(world, '{ me { id } }')).toMatchObject({ refusal: 'internal' });
    expect(onInternalError).toHaveBeenCalled();
  });
});

describe('several policies', () => {
  test('drop together; of one field the first reason is reported', async () => {
    const second: OperationPolicy = {
      inspect: (operation) => {
        const drop = fieldsOf(operation)
          .filter(({ coordinate }) => coordinate !== 'Query.me')
          .map(({ field }) => ({ field, error: { message: 'Second.', extensions: { code: 'SECOND' } } }));
        return { check: () => ({ drop }) };
      },
    };
    const { dataText, errors } = await run(worldWith(drops('User.name'), second), '{ me { name id } }');
    expect(dataText).toBe('{"me":null}');
    expect(errors.map(({ path, extensions }) => [path?.join('.'), extensions?.code])).toEqual([
      ['me.name', 'TEST'],
      ['me.id', 'SECOND'],
    ]);
  });

  test('add headers and extensions, also afterwards, when they know the answer', async () => {
    const world = worldWith(
      says({ headers: { a: '1', b: '1' }, extensions: { cost: { estimated: 3 } } }),
      says({
        headers: { b: '2' },
        onResponse: ({ dataText }) => ({ headers: { 'x-length': String(dataText.length) } }),
      }),
    );
    const answer = await run(world, '{ me { id } }');
    expect(answer.headers).toEqual({ a: '1', b: '2', 'x-length': '18' });
    expect(resultText(answer)).toBe('{"data":{"me":{"id":"u1"}},"extensions":{"cost":{"estimated":3}}}');
  });
});

describe('what is dropped may differ from request to request', () => {
  test('each set of fields has its plan, whichever policy drops them, in whatever order', async () => {
    const world = worldWith({
      inspect: (operation) => {
        const fields = fieldsOf(operation).map(({ field }) => field);
        return {
          check: ({ client }) => {
            const names = String(client.headers['x-drop']).split(',');
            const found = names.flatMap((name) => fields.filter((field) => field.name === name));
            const error = { message: `for ${client.requestId}`, extensions: { code: 'TEST' } };
            return { drop: found.map((field) => ({ field, error })) };
          },
        };
      },
    });
    const ask = async (requestId: string, drop: string) => {
      const client = { requestId, headers: { 'x-drop': drop } };
      const { dataText, errors } = await run(world, '{ user(id: 1) { id name posts } }', { client });
      return [dataText, errors.map(({ message, path }) => `${path?.at(-1)} ${message}`).join('; ')];
    };
    expect(await ask('a', 'name')).toEqual(['{"user":{"id":"1","name":null,"posts":["1/0","1/1"]}}', 'name for a']);
    expect(await ask('b', 'name,id')).toEqual(['{"user":null}', 'name for b; id for b']);
    expect(await ask('c', 'id,name')).toEqual(['{"user":null}', 'id for c; name for c']);
    expect(await ask('d', '')).toEqual(['{"user":{"id":"1","name":"name of 1","posts":["1/0","1/1"]}}', '']);
  });
});

describe('sharing of identical requests', () => {
  test('is off for documents whose requests a policy counts', () => {
    const world = worldWith({
      inspect: () => undefined,
      countsRequests: (document) =>
        document.definitions.some((d) => d.kind === Kind.OPERATION_DEFINITION && d.name?.value === 'Counted'),
    });
    expect(world.engine.canDedupe({ query: 'query Free { me { id } }' })).toBe(true);
    expect(world.engine.canDedupe({ query: 'query Counted { me { id } }' })).toBe(false);
  });
});
