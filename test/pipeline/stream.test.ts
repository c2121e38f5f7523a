import { describe, expect, test } from 'vitest';
import type { Payload } from '../../src/executor/payload.ts';
import { deferGroups } from '../../src/operation/defer-groups.ts';
import type { EngineOptions } from '../../src/pipeline/engine.ts';
import type { OperationPolicy, Outcome, PolicyDecision } from '../../src/pipeline/operation-policy.ts';
import type { Fault } from '../worlds/faults.ts';
import { drops } from './dropping.ts';
import { smallWorld } from './world.ts';

const client = { requestId: 'test', headers: {} };

/** Executes a query with one defer group as a stream, and returns the payloads: `me.posts: {…} CODE`. */
async function stream(engine: Partial<EngineOptions>, query: string, path: string, fault?: Fault) {
  const world = smallWorld(engine);
  if (fault) world.fault(fault);
  const groups = deferGroups([{ path: path.split('.'), timeoutMs: 60_000 }]);
  const result = await world.engine.stream({ query, client, deferGroups: groups });
  const payloads: Payload[] = [];
  if (result.kind === 'stream') for await (const payload of result.payloads) payloads.push(payload);
  return { world, result, payloads, shown: payloads.map(shown) };
}

function shown({ deferred, dataText, errors }: Payload): string {
  const reported = errors.map(({ message, path }) => ` ${path?.join('.')}: ${message}`).join('');
  return `${deferred?.path.join('.') ?? 'first'} ${dataText}${reported}`;
}

/** A policy that decides every operation so. */
function decides(decision: PolicyDecision): OperationPolicy {
  return { inspect: () => ({ check: () => decision }) };
}

const QUERY = '{ me { name posts(first: 1) } }';

test('the parts of one operation are payloads of one execution', async () => {
  const { world, shown, result } = await stream({}, QUERY, 'me.posts');
  expect(shown).toEqual(['first {"me":{"name":"Ada"}}', 'me {"posts":["u1/0"]}']);
  expect(result.operation).toMatchObject({ type: 'query' });
  expect(world.requests.map(({ subgraph }) => subgraph)).toEqual(['users', 'posts']);
});

describe('is a single result', () => {
  test('what has nothing to defer', async () => {
    const { result } = await stream({}, '{ me { name posts @skip(if: true) } }', 'me.posts');
    expect(result).toMatchObject({ kind: 'single', dataText: '{"me":{"name":"Ada"}}' });
  });

  test('a refusal', async () => {
    expect((await stream({}, '{ you }', 'you')).result).toMatchObject({ kind: 'single', refusal: 'validation' });
    const refusal = { status: 418, errors: [{ message: 'No tea.' }] };
    const { result } = await stream({ policies: [decides({ refusal })] }, QUERY, 'me.posts');
    expect(result).toMatchObject({ kind: 'single', refusal: 'policy', status: 418 });
  });
});

test('the same query has one plan for its stream and one for its single result', async () => {
  const { world } = await stream({}, QUERY, 'me.posts');
  const groups = deferGroups([{ path: ['me', 'posts'], timeoutMs: 60_000 }]);
  const { dataText } = await world.engine.execute({ query: QUERY, client, deferGroups: groups });
  expect(dataText).toBe('{"me":{"name":"Ada","posts":["u1/0"]}}');
});

describe('a field that a policy drops', () => {
  test('is null in the payload of its group, with its error', async () => {
    const { shown } = await stream({ policies: [drops('User.posts')] }, QUERY, 'me.posts');
    expect(shown).toEqual(['first {"me":{"name":"Ada"}}', 'me {"posts":null} me.posts: User.posts is not for you.']);
  });

  test('outside the group is null in the first payload', async () => {
    const { shown } = await stream({ policies: [drops('User.name')] }, QUERY, 'me.posts');
    expect(shown).toEqual(['first {"me":{"name":null}} me.name: User.name is not for you.', 'me {"posts":["u1/0"]}']);
  });
});

test('policies see the outcome of each payload, in its place; their headers come before the first', async () => {
  const outcomes: Outcome[] = [];
  const onResponse = (outcome: Outcome) => {
    outcomes.push(outcome);
    return { extensions: { part: outcomes.length } };
  };
  const policies = [decides({ headers: { 'x-policy': 'yes' }, onResponse })];
  const { result, payloads } = await stream({ policies }, QUERY, 'me.posts');
  expect(outcomes.map(({ dataText }) => dataText)).toEqual(['{"me":{"name":"Ada"}}', '{"me":{"posts":["u1/0"]}}']);
  expect(payloads.map(({ extensions }) => extensions)).toEqual([{ part: 1 }, { part: 2 }]);
  expect(result.headers).toEqual({ 'x-policy': 'yes' });
});

test('errors are masked in each payload', async () => {
  const masked: unknown[] = [];
  const options: Partial<EngineOptions> = {
    includesErrorsOf: () => false,
    onErrorsMasked: (errors) => void masked.push(...errors.map(({ message }) => message)),
  };
  const fault: Fault = { kind: 'field-error', subgraph: 'posts', field: 'User.posts', message: 'row 7' };
  const { shown } = await stream(options, QUERY, 'me.posts', fault);
  expect(shown[1]).toBe('me {"posts":null} me.posts: The subgraph "posts" reported an error.');
  expect(masked).toEqual(['row 7']);
});
