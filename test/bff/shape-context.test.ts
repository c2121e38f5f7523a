import { expect, test } from 'vitest';
import { latch } from '../gateway/serving.ts';
import { as, engineOver, folderOf, serveBff } from './support.ts';

const SHAPE = `export default ({ news }, { identity, headers }) => ({ news, for: identity?.subject ?? null, by: headers['user-agent'] });`;

/** An endpoint with a shape that reads who asks, and with what. */
async function serveShaped(cache: string, shape = SHAPE) {
  const answers = latch<string>();
  const engine = engineOver('type Query { news: String }', { news: () => answers.promise });
  const dir = folderOf({ 'web/news.graphql': `query @endpoint${cache} { news }`, 'web/news.mjs': shape });
  const { call } = await serveBff({ dir, engine: () => engine });
  const get = (who: string, agent: string) =>
    call('/bff/web/news', { headers: { ...as({ sub: who }), authorization: 'Bearer shared', 'user-agent': agent } });
  return { answers, engine, get };
}

test('an answer that is not kept is shared by nobody whom the shape could tell apart', async () => {
  const { answers, engine, get } = await serveShaped('');
  const asked = [get('ada', 'phone'), get('ben', 'phone'), get('ada', 'desk')];
  while (engine.requests.length < 3) await new Promise(setImmediate);
  answers.open('rain');
  const reported = (await Promise.all(asked)).map(({ json }) => `${json.for} ${json.by}`);
  expect(reported).toEqual(['ada phone', 'ben phone', 'ada desk']);
});

test('for a cached response, a shape module sees only the headers that the response depends on', async () => {
  const { answers, get } = await serveShaped('(cache: {maxAge: "1m", scope: PRIVATE, vary: ["User-Agent"]})');
  answers.open('rain');
  const reported = [];
  for (const [who, agent] of [
    ['ada', 'phone'],
    ['ben', 'phone'],
    ['ada', 'desk'],
  ] as const)
    reported.push((await get(who, agent)).json);
  expect(reported.map((json) => `${json.for} ${json.by}`)).toEqual(['ada phone', 'ben phone', 'ada desk']);
});

test('another header than these is not there to be read', async () => {
  const { answers, get } = await serveShaped('(cache: {maxAge: "1m", scope: PRIVATE})');
  answers.open('rain');
  expect((await get('ada', 'phone')).status).toBe(500);
});

test('what everyone gets is made for nobody in particular', async () => {
  const shape = SHAPE.replace(", by: headers['user-agent']", '');
  const { answers, get } = await serveShaped('(cache: {maxAge: "1m", scope: PUBLIC})', shape);
  answers.open('rain');
  const both = [await get('ada', 'phone'), await get('ben', 'desk')];
  expect(both.map(({ json }) => json)).toEqual([
    { news: 'rain', for: null },
    { news: 'rain', for: null },
  ]);
});
