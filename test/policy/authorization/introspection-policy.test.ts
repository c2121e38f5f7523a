import { expect, test } from 'vitest';
import { createIntrospectionPolicy } from '../../../src/policy/authorization/introspection-policy.ts';
import { run, smallWorld } from '../../pipeline/world.ts';
import { identity } from './world.ts';

const world = smallWorld({ policies: [createIntrospectionPolicy([['schema:read'], ['admin', 'tools']])] });
const ask = (query: string, scopes?: string) =>
  run(world, query, {
    client: { requestId: 'r1', headers: {}, identity: scopes === undefined ? undefined : identity(scopes) },
  });

test.each([
  ['{ __schema { queryType { name } } }', undefined, 403],
  ['{ __schema { queryType { name } } }', 'admin', 403],
  ['{ __schema { queryType { name } } }', 'admin tools', undefined],
  ['{ ...F } fragment F on Query { t: __type(name: "User") { name } }', 'other', 403],
  ['{ ...F } fragment F on Query { t: __type(name: "User") { name } }', 'schema:read', undefined],
  ['{ __typename me { __typename } }', undefined, undefined],
])('%s with %s', async (query, scopes, status) => {
  const answer = await ask(query, scopes);
  expect(answer.status).toBe(status);
  expect(answer.errors.map(({ extensions }) => extensions?.code)).toEqual(status ? ['UNAUTHORIZED_FIELD_OR_TYPE'] : []);
});
