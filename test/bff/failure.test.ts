import { expect, it } from 'vitest';
import { failure } from '../../src/bff/handlers/failure.ts';
import { maskErrors } from '../../src/pipeline/mask-errors.ts';

const error = (code: string, more: object = {}) => ({ message: code, extensions: { code, ...more } });

it.each([
  ['no memory for an answer', [error('OVERLOADED', { retryAfter: 1 })], undefined, 503, 'overloaded'],
  ['a store that has to be there', [error('SERVICE_UNAVAILABLE')], 503, 503, 'service-unavailable'],
  [
    'a source that says the same word',
    [error('OVERLOADED', { service: 'orders' })],
    undefined,
    503,
    'service-unavailable',
  ],
] as const)('%s', (_, errors, decided, status, kind) => {
  expect(failure(errors, { decided })).toMatchObject({ status, kind });
});

it('says when to come again', () => {
  expect(failure([error('OVERLOADED', { retryAfter: 1 })]).headers).toEqual({ 'retry-after': '1' });
});

const ofSource = (code: string, more: object = {}) => error(code, { service: 'orders', ...more });
const ofApi = (status: number, more: object = {}) =>
  ofSource('SUBREQUEST_HTTP_ERROR', { http: { status }, connector: { coordinate: 'Mutation.pay@connect' }, ...more });

it.each([
  ['bad input', ofSource('BAD_USER_INPUT'), 400],
  ['a code written in another way', ofSource('not-found'), 404],
  ['what is not there', ofSource('NOT_FOUND'), 404],
  ['what is there already', ofSource('ALREADY_EXISTS'), 409],
  ['a conflict', ofSource('CONFLICT'), 409],
  ['nobody known', ofSource('UNAUTHENTICATED'), 401],
  ['not for this viewer', ofSource('FORBIDDEN'), 403],
  ['a code of gRPC', ofSource('PERMISSION_DENIED'), 403],
  ['Spring says it as a classification', ofSource('DOWNSTREAM_SERVICE_ERROR', { classification: 'NOT_FOUND' }), 404],
  ['DGS says it as a type of errors', ofSource('DOWNSTREAM_SERVICE_ERROR', { errorType: 'PERMISSION_DENIED' }), 403],
  ['Nest says it as a status', ofSource('INTERNAL_SERVER_ERROR', { status: 404 }), 404],
  ['a document that does not fit the source', ofSource('GRAPHQL_VALIDATION_FAILED'), 502],
  ['the same of graphql-java', ofSource('DOWNSTREAM_SERVICE_ERROR', { classification: 'ValidationError' }), 502],
  ['a REST API: bad request', ofApi(400), 400],
  ['a REST API: not found', ofApi(404), 404],
  ['a REST API: conflict', ofApi(409), 409],
  ['a REST API: forbidden', ofApi(403), 403],
  ['a REST API: unprocessable', ofApi(422), 422],
  ['a REST API that refuses the credential of the gateway', ofApi(401), 502],
  ['a REST API that fails', ofApi(500), 502],
  ['a code that a connector gives the error', ofApi(500, { code: 'CONFLICT' }), 409],
  ['a subgraph that is not where it should be', ofSource('SUBREQUEST_HTTP_ERROR', { http: { status: 404 } }), 502],
  ['a code that nobody knows', ofSource('E1234'), 502],
  ['a source that was asked too often', ofSource('RATE_LIMITED'), 503],
  ['the same in the words of gRPC', ofSource('DOWNSTREAM_SERVICE_ERROR', { errorType: 'RESOURCE_EXHAUSTED' }), 503],
  ['a source that is away for a while', ofSource('UNAVAILABLE'), 503],
  ['a REST API that was asked too often', ofApi(429), 503],
  ['a subgraph that was asked too often', ofSource('SUBREQUEST_HTTP_ERROR', { http: { status: 429 } }), 503],
  ['a REST API that says when to come again', ofApi(503, { retryAfter: 9 }), 503],
  ['a REST API that does not say when', ofApi(503), 502],
])('%s', (_, one, status) => {
  expect(failure([one]).status).toBe(status);
});

it('config adds codes of sources, and overrides known ones', () => {
  const errorStatus = new Map([
    ['OUT_OF_STOCK', 409],
    ['NOT_FOUND', 410],
    ['401', 401],
    ['TEAPOT', 418],
  ]);
  const status = (one: object) => failure([one as never], { errorStatus }).status;
  expect([ofSource('OUT_OF_STOCK'), ofSource('NOT_FOUND'), ofApi(401), ofSource('TEAPOT')].map(status)).toEqual([
    409, 410, 401, 418,
  ]);
});

it('a failure of a source outweighs a mistake of the client, unless it follows from it', () => {
  expect(failure([ofSource('NOT_FOUND'), ofSource('SUBREQUEST_TIMEOUT')]).status).toBe(504);
  expect(failure([ofSource('NOT_FOUND'), ofSource('REQUIRED_INPUT_MISSING')]).status).toBe(404);
});

it('masked errors keep their status', () => {
  const { exposed } = maskErrors([ofApi(409)], () => false);
  expect(exposed[0]?.extensions).toEqual({ code: 'SUBREQUEST_HTTP_ERROR', service: 'orders' });
  expect(failure(exposed).status).toBe(409);
});

it('says when to come again to a source that was asked too often, also where its errors are masked', () => {
  const errors = [ofSource('RATE_LIMITED', { retryAfter: 7 }), ofApi(429, { retryAfter: 2.5 })];
  expect(failure(errors)).toMatchObject({ status: 503, kind: 'service-unavailable', headers: { 'retry-after': '7' } });
  const { exposed } = maskErrors([ofApi(429, { retryAfter: 2.5 })], () => false);
  expect(failure(exposed)).toMatchObject({ status: 503, headers: { 'retry-after': '3' } });
});

it('config makes a limit of a source one of the client', () => {
  const errorStatus = new Map([
    ['RATE_LIMITED', 429],
    ['429', 429],
  ]);
  for (const one of [ofSource('RATE_LIMITED', { retryAfter: 7 }), ofApi(429, { retryAfter: 7 })])
    expect(failure([one], { errorStatus })).toMatchObject({ status: 429, headers: { 'retry-after': '7' } });
});
