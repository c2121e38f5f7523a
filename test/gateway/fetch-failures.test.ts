import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { deadUrl } from '../sources/fake-subgraph.ts';
import { gatewayOver, stubSubgraph } from '../sources/stitched/gateway.ts';
import { counted } from './counted.ts';

const METRICS = { telemetry: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } } };

/** A query for each kind of source and of fetch. Each subgraph has one field, named after it. */
const QUERIES = {
  fed: '{ fed }',
  fedEntities: '{ things { fedEntities } }',
  svc: '{ svc }',
  svcLookups: '{ things { svcLookups } }',
  api: '{ api }',
} as const;

type Kind = keyof typeof QUERIES;
const ALL = Object.keys(QUERIES) as Kind[];
const GRAPHQL = ALL.filter((kind) => kind !== 'api');

/** A server that answers every request with these bytes, and then closes the connection. */
async function rawServer(bytes: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(bytes, 'latin1'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The whole gateway: things are healthy, every other source is at `url`. */
async function gatewayBefore(url: string) {
  const things = await stubSubgraph('type Query { things: [Thing!]! } type Thing @key(fields: "id") { id: ID! }', {
    resolvers: { Query: { things: () => [{ id: '1' }, { id: '2' }, { id: '1' }] } },
    entities: { Thing: (key: object) => key },
  });
  const key = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';
  return gatewayOver(
    {
      things: things.file,
      fed: `extend schema @subgraph(url: "${url}")\ntype Query { fed: String }`,
      fedEntities: `extend schema @subgraph(url: "${url}")\n${key}
        type Thing @key(fields: "id") { id: ID! fedEntities: String }`,
      svc: `extend schema @service(url: "${url}")\ntype Query { svc: String }`,
      svcLookups: `extend schema @service(url: "${url}")
        type Query { thingsByIds(ids: [ID!]!): [Thing]! @merge(keyField: "id") }
        type Thing { id: ID! svcLookups: String }`,
      api: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.11")
        extend schema @link(url: "https://specs.apollo.dev/connect/v0.2", import: ["@source", "@connect"])
        extend schema @source(name: "api", http: {baseURL: "${url}"}, errors: {message: "error.message", extensions: "code: error.code"})
        type Query { api: String @connect(source: "api", http: {GET: "/"}, selection: "$.value") }`,
    },
    METRICS,
  );
}

/** Sends the query of each kind, and returns what clients, metrics and log say about it. */
async function symptoms(url: string, kinds: readonly Kind[]) {
  const gateway = await gatewayBefore(url);
  const codes: Record<string, unknown> = {};
  for (const kind of kinds) {
    const { errors = [] } = await gateway.ask(QUERIES[kind]);
    codes[kind] = [...new Set(errors.map(({ extensions }) => extensions.code))].join();
  }
  const failing = gateway.lines.filter(({ msg }) => msg === 'subgraph failing');
  const withErrors = gateway.lines.filter(({ msg }) => msg === 'subgraph returned GraphQL errors');
  // each line leads to a request
  expect([...failing, ...withErrors].filter(({ requestId }) => typeof requestId !== 'string')).toEqual([]);
  return {
    codes,
    errors: await counted(gateway, 'headgate_subgraph_errors_total'),
    graphqlErrors: await counted(gateway, 'headgate_subgraph_graphql_errors_total'),
    failing: failing.map(({ subgraph, code, reason }) => `${subgraph} ${code}: ${reason}`),
    withErrors: withErrors.map(({ level, subgraph, codes: of, withoutData }) => ({ level, subgraph, of, withoutData })),
  };
}

const reply = (body: string, head = 'Content-Type: application/json', status = '200 OK') =>
  `HTTP/1.1 ${status}\r\n${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;

const each = (kinds: readonly Kind[], code: string) => Object.fromEntries(kinds.map((kind) => [kind, code]));
const one = (kinds: readonly Kind[], code: string) => Object.fromEntries(kinds.map((kind) => [`${kind} ${code}`, 1]));

const NOT_HTTP = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n';
const HTTP_ERROR = 'SUBREQUEST_HTTP_ERROR';
const MALFORMED = 'SUBREQUEST_MALFORMED_RESPONSE';

test.each<[fault: string, bytes: string, code: string, reason: RegExp, kinds: readonly Kind[]]>([
  ['500', reply('broken', 'Content-Type: text/plain', '500 Oops'), HTTP_ERROR, /HTTP status 500/, ALL],
  ['a connection that closes', '', HTTP_ERROR, /connection closed/, ALL],
  ['what is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', MALFORMED, /it is not HTTP \(Expected HTTP/, ALL],
  ['an invalid status', 'HTTP/1.1 abc\r\n\r\n', MALFORMED, /it is not HTTP \(Invalid status code\)/, ALL],
  ['an invalid chunk', NOT_HTTP, MALFORMED, /it is not HTTP \(Invalid character in chunk size\)/, ALL],
  ['an invalid Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n{}', MALFORMED, /Content-Length/, ALL],
  ['truncated JSON', reply('{"data":{"fed":"x"},'), MALFORMED, /not (valid )?JSON/, ALL],
  ['an unknown charset', reply('{}', 'Content-Type: application/json; charset=klingon'), MALFORMED, /"klingon"/, ALL],
  ['an unreadable coding', reply('{}', 'Content-Encoding: gzip'), MALFORMED, /gzip/, ALL],
  ['another type', reply('{"value":{}}'), MALFORMED, /does not match the schema/, ['api']],
  ['data that is a list', reply('{"data":[]}'), MALFORMED, /data is not an object/, GRAPHQL],
  ['neither data nor errors', reply('{}'), MALFORMED, /neither data nor errors/, GRAPHQL],
  [
    'no field of the request',
    reply('{"data":{}}'),
    MALFORMED,
    /field .*is missing|list of entities is missing/,
    GRAPHQL,
  ],
])('%s is an error, a failed fetch in the metrics, and a line in the log', async (_, bytes, code, reason, kinds) => {
  const { failing, ...rest } = await symptoms(await rawServer(bytes), kinds);
  expect(rest).toEqual({ codes: each(kinds, code), errors: one(kinds, code), graphqlErrors: {}, withErrors: [] });
  expect(failing).toEqual(
    kinds.map((kind) => expect.stringMatching(new RegExp(`^${kind} ${code}: .*${reason.source}`))),
  );
});

test('a source that is down', async () => {
  const { codes, errors, failing } = await symptoms(await deadUrl(), ALL);
  expect([codes, errors]).toEqual([each(ALL, HTTP_ERROR), one(ALL, HTTP_ERROR)]);
  expect(failing).toEqual(ALL.map((kind) => `${kind} ${HTTP_ERROR}: connection refused`));
});

test.each<[what: string, errors: object[], code: string, label: string]>([
  ['a well-known code', [{ message: 'no', extensions: { code: 'FORBIDDEN' } }], 'FORBIDDEN', 'FORBIDDEN'],
  ['another code', [{ message: 'no', extensions: { code: 'E4711' } }], 'E4711', 'other'],
  ['no code', [{ message: 'no' }, { message: 'neither' }], 'DOWNSTREAM_SERVICE_ERROR', 'none'],
])('GraphQL errors with %s count once for a response, and are no outage', async (_, errors, code, label) => {
  const bytes = reply(JSON.stringify({ errors, data: null }));
  const all = await symptoms(await rawServer(bytes), GRAPHQL);
  expect(all).toEqual({
    codes: each(GRAPHQL, code),
    errors: {},
    graphqlErrors: one(GRAPHQL, label),
    failing: [],
    withErrors: GRAPHQL.map((subgraph) => ({
      ...{ level: 'warn', subgraph, withoutData: 1 },
      of: [label === 'none' ? 'none' : code],
    })),
  });
});

test('an API that always answers 500 counts as failing, whatever code its connector gives the error', async () => {
  const bytes = reply('{"error":{"code":"MINE"}}', 'Content-Type: application/json', '500 Oops');
  const { codes, errors, graphqlErrors, failing } = await symptoms(await rawServer(bytes), ['api']);
  expect(codes).toEqual({ api: 'MINE' });
  expect([errors, graphqlErrors]).toEqual([{ [`api ${HTTP_ERROR}`]: 1 }, {}]);
  expect(failing).toEqual([`api ${HTTP_ERROR}: HTTP status 500`]);
});

test('an API that refuses a call counts, but is not down', async () => {
  const { errors, failing } = await symptoms(await rawServer(reply('{}', 'A: b', '403 Forbidden')), ['api']);
  expect([errors, failing]).toEqual([{ [`api ${HTTP_ERROR}`]: 1 }, []]);
});

test('a list of entities of another length, and entities that are no objects, count once', async () => {
  const lists = ['[null]', '["a","b"]'];
  for (const list of lists) {
    const { errors, failing } = await symptoms(await rawServer(reply(`{"data":{"_entities":${list}}}`)), [
      'fedEntities',
    ]);
    expect(errors).toEqual({ [`fedEntities ${MALFORMED}`]: 1 });
    expect(failing).toHaveLength(1);
  }
});

test('errors beside data are an info line', async () => {
  const body = '{"data":{"fed":"x","svc":"x"},"errors":[{"message":"partly","path":["fed"]}]}';
  const { withErrors, graphqlErrors } = await symptoms(await rawServer(reply(body)), ['fed', 'svc']);
  expect(withErrors.map(({ level, subgraph, withoutData }) => [level, subgraph, withoutData])).toEqual([
    ['info', 'fed', 0],
    ['info', 'svc', 0],
  ]);
  expect(graphqlErrors).toEqual(one(['fed', 'svc'], 'none'));
});
