import { expect, test } from 'vitest';
import type { BffOptions } from '../../src/bff/bff.ts';
import { wantsStream } from '../../src/bff/handlers/wants-stream.ts';
import { engineOver, folderOf, serveBff, serveFiles, sourceError } from './support.ts';

const SDL =
  'type Query { user(id: ID!): User, news: [String!], slow: String } type User { name: String!, mood: String }';

/** Resolves when the test says so. */
function gate() {
  let open = (_value: unknown) => {};
  const value = new Promise((resolve) => {
    open = resolve;
  });
  return { open, value };
}

/** Events as they come: `answer {"a":1}`. */
async function stream(text: string, root: object, options: Partial<BffOptions> = {}) {
  const dir = folderOf({ 'web/it.graphql': text });
  const { call } = await serveBff({ dir, engine: () => engineOver(SDL, root), ...options });
  const reply = await call('/bff/web/it', { headers: { accept: 'text/event-stream' } });
  const events = reply.text.split('\n\n').filter((one) => one !== '');
  return { ...reply, events: events.map((one) => one.replace(/^event: (\w+)\ndata: (.*)\nid: \w+$/, '$1 $2')) };
}

test('what is not optional comes first, each section as it is ready', async () => {
  const slow = gate();
  const text = '{ user(id: 1) { name } slow @optional news @optional(timeout: "5s") }';
  const root = {
    user: { name: 'Ada' },
    slow: () => slow.value,
    news: () => {
      setTimeout(() => slow.open('at last'), 20);
      return ['a'];
    },
  };
  const { headers, events } = await stream(text, root);
  expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(events).toEqual([
    'answer {"user":{"name":"Ada"}}',
    'section {"path":["news"],"data":["a"]}',
    'section {"path":["slow"],"data":"at last"}',
    'done {}',
  ]);
});

test('a section that is left out is no event, whatever it is called', async () => {
  const text = '{ slow constructor: news @optional @skip(if: true) toString: news @optional @skip(if: true) }';
  const { events } = await stream(text, { slow: 'x', news: ['a'] });
  expect(events).toEqual(['answer {"slow":"x"}', 'done {}']);
});

test('a section that fails says why; a flattened one is reported field by field', async () => {
  const fail = () => {
    throw sourceError('SUBREQUEST_HTTP_ERROR', 'no answer');
  };
  const text = '{ slow news @optional(fallback: []) user(id: 1) @optional @flatten { name mood } }';
  const { events } = await stream(text, { slow: 'x', news: fail, user: { name: 'Ada', mood: 'good' } });
  expect(events[0]).toBe('answer {"slow":"x"}');
  expect(events.slice(1, -1).sort()).toEqual([
    'section {"path":["mood"],"data":"good"}',
    'section {"path":["name"],"data":"Ada"}',
    'section {"path":["news"],"data":[],"failure":{"code":"SUBREQUEST_HTTP_ERROR","message":"no answer"},"meta":{"partial":[{"path":["news"],"code":"SUBREQUEST_HTTP_ERROR","message":"no answer"}]}}',
  ]);
});

test.each(['@optional', '@optional(timeout: "1h")'])(
  'a section with a timeout within one with %s is an event of its own',
  async (outer) => {
    const text = `{ slow user(id: 1) ${outer} { name mood @optional(timeout: "20ms", fallback: "good") } }`;
    const root = { slow: 'x', user: { name: 'Ada', mood: 'bad' } };
    const first = await stream(text, root);
    expect(first.events).toEqual([
      'answer {"slow":"x"}',
      'section {"path":["user"],"data":{"name":"Ada"}}',
      'section {"path":["user","mood"],"data":"bad"}',
      'done {}',
    ]);
  },
);

test('where the first piece is a problem, the answer is that problem', async () => {
  const { status, json } = await stream('{ user(id: 1) { name } news @optional }', { user: null, news: [] });
  expect([status, json.title]).toEqual([404, 'Not Found']);
});

test('an answer without optional sections is one piece', async () => {
  const { events } = await stream('{ slow }', { slow: 'x' });
  expect(events).toEqual(['answer {"slow":"x"}', 'done {}']);
});

test.each([
  ['text/event-stream', true],
  ['Text/Event-Stream', true],
  ['text/event-stream, */*;q=0.1', true],
  ['application/json;q=0.5, text/event-stream', true],
  ['application/json, text/event-stream', true],
  ['text/event-stream;q=0', false],
  ['text/event-stream;q=0.0, application/json', false],
  ['text/event-stream;q=0.2, application/json;q=0.9', false],
  ['text/event-stream;q=0.5, */*', false],
  ['text/event-stream;q=0.5, application/*', false],
  ['text/event-stream;q=0.5, application/json;q=0.1, */*', true],
  ['application/json;v="text/event-stream"', false],
  ['*/*', false],
  ['text/*', false],
  [undefined, false],
])('accept: %s is a stream: %s', (accept, expected) => {
  expect(wantsStream(accept)).toBe(expected);
});

test('both forms say that the other one is there', async () => {
  const call = await serveFiles({ 'web/it.graphql': '{ slow news }' }, engineOver(SDL, { slow: 'x', news: [] }));
  const accepts = ['text/event-stream', 'text/event-stream;q=0', 'application/json'];
  const responses = await Promise.all(accepts.map((accept) => call('/bff/web/it', { headers: { accept } })));
  expect(responses.map(({ headers }) => [headers.get('content-type'), headers.get('vary')])).toEqual([
    ['text/event-stream; charset=utf-8', 'accept'],
    ['application/json; charset=utf-8', 'accept'],
    ['application/json; charset=utf-8', 'accept'],
  ]);
  const known = await call('/bff/web/it', { headers: { 'if-none-match': String(responses[2]?.headers.get('etag')) } });
  expect([known.status, known.headers.get('vary')]).toEqual([304, 'accept']);
});

test('every failure within a section is reported as in the JSON response', async () => {
  const fail = (message: string) => () => {
    throw sourceError('SUBREQUEST_HTTP_ERROR', message);
  };
  const sdl = 'type Query { slow: String, team: [Person] } type Person { name: String, boss: Person, mood: String }';
  const person = { name: 'Ada', mood: fail('no mood'), boss: fail('no boss') };
  const engine = engineOver(sdl, { slow: 'x', team: [person, { name: 'Bo', mood: 'good', boss: fail('none') }] });
  const text = '{ slow team @optional { name mood @optional(fallback: "?") boss @optional { name } } }';
  const call = await serveFiles({ 'web/it.graphql': text }, engine);
  const { json } = await call('/bff/web/it');
  const streamed = await call('/bff/web/it', { headers: { accept: 'text/event-stream' } });
  const section = JSON.parse(/^event: section\ndata: (.*)$/m.exec(streamed.text)?.[1] ?? '');
  expect(section).toEqual({ path: ['team'], data: json.team, meta: json.meta });
  expect(section.meta.partial.map(({ path }: { path: unknown }) => path)).toEqual([
    ['team', '0', 'mood'],
    ['team', '0', 'boss'],
    ['team', '1', 'boss'],
  ]);
});

test('each event has an id, and who has the last one is answered 204', async () => {
  const call = await serveFiles(
    { 'web/it.graphql': '{ slow news @optional }' },
    engineOver(SDL, { slow: 'x', news: [] }),
  );
  const headers = { accept: 'text/event-stream' };
  const { text } = await call('/bff/web/it', { headers });
  expect(text.match(/^id: .*$/gm)).toEqual(['id: 1', 'id: 2', 'id: done']);
  const again = (id: string) => call('/bff/web/it', { headers: { ...headers, 'last-event-id': id } });
  expect(await again('done')).toMatchObject({ status: 204, text: '' });
  expect(await again('1')).toMatchObject({ status: 200, text });
});

test('a stream that waits shows that it is alive', async () => {
  const slow = gate();
  const dir = folderOf({ 'web/it.graphql': '{ user(id: 1) { name } slow @optional }' });
  const engine = engineOver(SDL, { user: { name: 'Ada' }, slow: () => slow.value });
  const { origin } = await serveBff({ dir, engine: () => engine, keepAliveMs: 5 });
  const response = await fetch(`${origin}/bff/web/it`, { headers: { accept: 'text/event-stream' } });
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.includes('\n\n: keep-alive\n\n')) slow.open('at last');
  }
  expect(text).toContain('event: section\ndata: {"path":["slow"],"data":"at last"}\n');
});

test('the time of the whole is that of each piece', async () => {
  const never = new Promise(() => {});
  const settings = { timeoutMs: 30 };
  const late = await stream('{ user(id: 1) { name } slow @optional }', { user: { name: 'A' }, slow: never }, settings);
  expect(late.events).toEqual([
    'answer {"user":{"name":"A"}}',
    expect.stringContaining('{"path":["slow"],"data":null,"failure":{"code":"SECTION_TIMEOUT"'),
    'done {}',
  ]);
  const { status, json } = await stream('{ slow news @optional }', { slow: never, news: [] }, settings);
  expect([status, json.type]).toEqual([504, 'urn:headgate:problem:timeout']);
});

test('HEAD has the headers of the stream', async () => {
  const call = await serveFiles({ 'web/it.graphql': '{ slow }' }, engineOver(SDL, { slow: 'x' }));
  const { status, headers, text } = await call('/bff/web/it', {
    method: 'HEAD',
    headers: { accept: 'text/event-stream' },
  });
  expect([status, headers.get('content-type'), text]).toEqual([200, 'text/event-stream; charset=utf-8', '']);
});
