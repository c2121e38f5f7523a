import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { bodyOf } from '../sources/fake-subgraph.ts';
import { startGateway } from './gateway.ts';

const HEAVY = 2_000;

/**
 * Responses to heavy queries that may come before the response to a tiny one. An idle processor makes about 200 in a second; a
 * gateway that is not fair makes nearly all of them.
 */
const MOST_BEFORE = 200;

const ROWS = JSON.stringify({
  data: { rows: Array.from({ length: 10_000 }, (_, id) => ({ id, name: `name of ${id}` })) },
});

/** A subgraph that responds at once. */
async function subgraph(): Promise<string> {
  const server = createServer({ keepAliveTimeout: 60_000 }, async (req, res) => {
    const query = await bodyOf(req);
    const field = /\b(hello|otherHello)\b/.exec(query)?.[1];
    res.setHeader('content-type', 'application/json');
    res.end(field === undefined ? ROWS : `{"data":{"${field}":"hello"}}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

/** Sends a query. Resolves with the status and the start of the response. */
function ask(url: string, query: string, n: number, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { agent, method: 'POST', headers: { 'content-type': 'application/json' } };
    const sent = request(url, options, (res) => {
      let start = '';
      res.on('data', (chunk: Buffer) => {
        if (start.length < 100) start += chunk.toString('latin1', 0, 100);
      });
      res.on('end', () => resolve(`${res.statusCode} ${start.includes('"data"') ? 'data' : start}`));
    });
    sent.on('error', reject).end(JSON.stringify({ query, variables: { n } }));
  });
}

test('2,000 heavy queries at once: no tiny one waits for more than a few of them', async () => {
  const [heavyUrl, otherUrl] = [await subgraph(), await subgraph()];
  const gateway = await startGateway(
    {
      heavy: `extend schema @subgraph(url: "${heavyUrl}")
        type Query { hello: String rows(n: Int): [Row] } type Row { id: ID name: String }`,
      other: `extend schema @subgraph(url: "${otherUrl}")\ntype Query { otherHello: String }`,
    },
    ['--max-old-space-size=256'],
  );
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const tiny = {
    'of no subgraph': () => ask(gateway.url, '{ __typename }', 0, agent),
    'of the same subgraph': () => ask(gateway.url, '{ hello }', 0, agent),
    'of another subgraph': () => ask(gateway.url, '{ otherHello }', 0, agent),
    'over a new connection': () => ask(gateway.url, '{ otherHello }', 0),
  };
  const kinds = Object.entries(tiny);
  // opens connections
  await Promise.all(Array.from({ length: 20 }, () => kinds.map(([, send]) => send())).flat());
  let done = 0;
  let ended = 0;
  const heavy = Array.from({ length: HEAVY }, async (_, n) => {
    const outcome = await ask(gateway.url, 'query($n: Int) { rows(n: $n) { id name } }', n).catch(String);
    // a refusal takes no time
    if (outcome === '200 data') done += 1;
    ended += 1;
    return outcome;
  });
  const before = Object.fromEntries(kinds.map(([kind]) => [kind, 0]));
  while (ended < HEAVY / 2) {
    await Promise.all(
      kinds.map(async ([kind, send]) => {
        const at = done;
        expect(await send()).toBe('200 data');
        before[kind] = Math.max(before[kind] as number, done - at);
      }),
    );
  }
  for (const [kind, count] of Object.entries(before)) expect(count, kind).toBeLessThan(MOST_BEFORE);
  const outcomes = await Promise.all(heavy);
  // on a slow machine, some run into the timeout of the gateway
  expect(outcomes.filter((outcome) => !/^(200 data|50[34] )/.test(outcome))).toEqual([]);
  expect(gateway.isAlive()).toBe(true);
});
