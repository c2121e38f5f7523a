import { describe, expect, it } from 'vitest';
import { configFileSchema } from '../../../src/config/config.ts';
import { isMet } from '../../../src/plugins/coprocessor/conditions.ts';
import { readsOf } from '../../../src/plugins/coprocessor/coprocessor.ts';
import { startCoprocessor } from './world.ts';

const URL = 'http://127.0.0.1:1';
const section = (settings: object) => configFileSchema.parse({ coprocessor: { url: URL, ...settings } }).coprocessor;
const condition = (given: object) =>
  section({ router: { response: { condition: given } } })?.router.response?.condition;
const problemOf = (settings: object): string => {
  const result = configFileSchema.safeParse({ coprocessor: { url: URL, ...settings } });
  return result.success
    ? 'none'
    : result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join();
};

it.each([
  [{ eq: [{ request_header: 'x-a' }, '1'] }, true],
  [{ eq: ['1', { request_header: 'x-a' }] }, true],
  [{ eq: [{ request_header: 'x-a' }, '2'] }, false],
  [{ eq: [{ request_header: 'x-none' }, { request_header: 'x-none' }] }, false],
  [{ gt: [{ response_status: 'code' }, 399] }, true],
  [{ lt: [{ response_status: 'code' }, 399] }, false],
  [{ gt: [{ response_status: 'code' }, '399'] }, false],
  [{ exists: { request_header: 'x-a' } }, true],
  [{ exists: { request_header: 'x-none' } }, false],
  [{ not: { exists: { request_header: 'x-none' } } }, true],
  [{ all: [{ exists: { request_header: 'x-a' } }, { eq: [{ request_method: true }, 'POST'] }] }, true],
  [{ all: [{ exists: { request_header: 'x-a' } }, { eq: [{ request_method: true }, 'GET'] }] }, false],
  [{ any: [{ exists: { request_header: 'x-none' } }, { eq: [{ static: 1 }, 1] }] }, true],
  [{ any: [{ exists: { request_header: 'x-none' } }] }, false],
])('%j is %s', (given, expected) => {
  const values = {
    request_header: (name: string) => (name === 'x-a' ? '1' : null),
    request_method: () => 'POST',
    response_status: () => 404,
  };
  expect(isMet(condition(given) as never, values)).toBe(expected);
});

describe('a config that cannot be honoured is refused', () => {
  const ofRequest = (given: unknown) => ({ router: { request: { condition: given } } });
  it.each([
    [
      ofRequest({ equals: [1, 1] }),
      'coprocessor.router.request.condition has an unknown operator "equals"; expected one of eq,',
    ],
    [ofRequest({ eq: [1] }), '"eq" needs a list of two'],
    [ofRequest({ eq: [1, 1], not: {} }), 'has an object that is not valid; expected one of eq,'],
    [
      ofRequest({ exists: { request_headers: 'a' } }),
      'has a selector "request_headers", which this stage does not have; did you mean "request_header"?',
    ],
    [
      ofRequest({ exists: { response_header: 'a' } }),
      'has a selector "response_header", which this stage does not have',
    ],
    [ofRequest({ eq: [{ request_method: 'POST' }, true] }), 'needs true for "request_method"'],
    [ofRequest({ all: [] }), '"all" needs a list'],
    [{ router: { request: { status_code: true } } }, 'Unrecognized key'],
    [{}, 'coprocessor has no stage, so it would never be called'],
    [{ url: 'ftp://host', router: { request: {} } }, 'coprocessor.url expected an http://, https:// or unix:// URL'],
    [{ url: 'unix://relative.sock', router: { request: {} } }, 'expected an absolute path'],
  ])('%j', (settings, problem) => {
    expect(problemOf(settings)).toContain(problem);
  });
});

it('a stage whose condition is not met is not called', async () => {
  const condition = { eq: [{ request_header: 'x-check' }, 'yes'] };
  const { post, get, stages } = await startCoprocessor({
    router: { request: { condition }, response: { condition: { not: condition } } },
    subgraph: { all: { request: { condition: { eq: [{ subgraph_name: true }, 'other'] } } } },
    supergraph: { response: { condition: { exists: { operation_name: 'string' } } } },
  });
  expect((await post('{ hello }')).status).toBe(200);
  expect(stages()).toEqual(['RouterResponse']);
  await post('query Named { hello }', { 'x-check': 'yes' });
  expect(stages()).toEqual(['RouterResponse', 'RouterRequest', 'SupergraphResponse']);
  await get('/bff/web/hello', { 'x-check': 'yes' });
  // the operation of that endpoint has no name
  expect(stages().slice(3)).toEqual(['RouterRequest']);
});

describe('what a coprocessor reads', () => {
  const nothing = { headers: [], cookies: false, claims: false };
  it.each([
    ['nothing, where only control properties are sent', { router: { request: { path: true, method: true } } }, nothing],
    [
      'the headers of a list and of conditions',
      {
        router: { request: { headers: ['X-Tenant', 'cookie'] } },
        subgraph: { all: { request: { condition: { exists: { supergraph_request_header: 'x-b' } } } } },
      },
      { headers: ['x-tenant', 'cookie', 'x-b'], cookies: true, claims: false },
    ],
    [
      'nothing of the client in the headers of a fetch or a response',
      {
        subgraph: { all: { request: { headers: true }, response: { headers: true } } },
        router: { response: { headers: true } },
      },
      nothing,
    ],
    ['claims, with the context', { execution: { request: { context: 'all' } } }, { ...nothing, claims: true }],
    ['no claims, with other entries', { execution: { request: { context: { selective: ['a'] } } } }, nothing],
    ['anything, with all headers', { router: { request: { headers: true } } }, undefined],
    ['anything, where it may replace the operation', { supergraph: { request: { body: true } } }, undefined],
  ])('is %s', (_, settings, expected) => {
    expect(readsOf(section(settings) as never)).toEqual(expected);
  });

  it('keeps the responses of two users apart, and shares what nobody distinguishes', async () => {
    const hello = (headers: Readonly<Record<string, unknown>>) => ({ hello: `hello ${headers['x-user'] ?? 'all'}` });
    const ofUser = await startCoprocessor(
      {
        router: { request: { headers: ['x-caller'], context: 'all' } },
        subgraph: { all: { request: { headers: true, context: 'all' } } },
      },
      ({ stage, headers, context }) =>
        stage === 'RouterRequest'
          ? { context: { entries: { user: headers?.['x-caller'] } } }
          : { headers: { ...headers, 'x-user': context?.entries.user } },
      { data: hello },
    );
    for (const user of ['ada', 'bob', 'ada'])
      expect(await (await ofUser.get('/bff/web/cached', { 'x-caller': user })).json()).toEqual({
        hello: `hello ${user}`,
      });
    expect(ofUser.subgraph.calls).toHaveLength(2);
    const ofAll = await startCoprocessor({ router: { request: { path: true } } }, undefined, { data: hello });
    for (const user of ['ada', 'bob']) await ofAll.get('/bff/web/cached', { 'x-caller': user });
    expect(ofAll.subgraph.calls).toHaveLength(1);
  });
});
