import { expect, test } from 'vitest';
import { engineOver, serveFiles, sourceError } from './support.ts';

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
async function stream(text: string, root: object) {
  const call = await serveFiles({ 'web/it.graphql': text }, engineOver(SDL, root));
  const reply = await call('/bff/web/it', { headers: { accept: 'text/event-stream' } });
  const events = reply.text.split('\n\n').filter((one) => one !== '');
  return { ...reply, events: events.map((one) => one.replace(/^event: (\w+)\ndata: /, '$1 ')) };
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

test('a section that fails says why; a flattened one is told field by field', async () => {
  const fail = () => {
    throw sourceError('SUBREQUEST_HTTP_ERROR', 'no answer');
  };
  const text = '{ slow news @optional(fallback: []) user(id: 1) @optional @flatten { name mood } }';
  const { events } = await stream(text, { slow: 'x', news: fail, user: { name: 'Ada', mood: 'good' } });
  expect(events[0]).toBe('answer {"slow":"x"}');
  expect(events.slice(1, -1).sort()).toEqual([
    'section {"path":["mood"],"data":"good"}',
    'section {"path":["name"],"data":"Ada"}',
    'section {"path":["news"],"data":[],"failure":{"code":"SUBREQUEST_HTTP_ERROR","message":"no answer"}}',
  ]);
});

test('where the first piece is a problem, the answer is that problem', async () => {
  const { status, json } = await stream('{ user(id: 1) { name } news @optional }', { user: null, news: [] });
  expect([status, json.title]).toEqual([404, 'Not Found']);
});

test('an answer without optional sections is one piece', async () => {
  const { events } = await stream('{ slow }', { slow: 'x' });
  expect(events).toEqual(['answer {"slow":"x"}', 'done {}']);
});
