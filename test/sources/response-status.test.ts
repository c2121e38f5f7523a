import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { sendFetch } from '../../src/executor/send-fetch.ts';
import { FetchTrace } from '../../src/shared/fetch-trace.ts';
import { recordedStatus } from '../../src/sources/response-status.ts';
import type { SubgraphResponse } from '../../src/sources/source.ts';
import { measureFetches } from '../../src/traffic/measure-fetches.ts';
import { aClient, json, restSource, stubApi, text } from './rest/stub-api.ts';

const SDL = `
  type Query {
    good: String @connect(source: "api", http: {GET: "/good"}, selection: "$.value")
    bad: String @connect(source: "api", http: {GET: "/bad"}, selection: "$.value")
  }`;

/** Sends a fetch to an API, and returns the statuses of its trace and the metrics. */
async function statusesOf(query: string, bad: Parameters<typeof json>[0] | 'closed' | 'text') {
  const api = await stubApi(({ url }) => {
    if (url === '/good') return { value: 'fine' };
    if (bad === 'closed') return (response: ServerResponse) => void response.destroy();
    return bad === 'text' ? text(200, 'text/html', '<p>') : json(bad, {});
  });
  const measured: unknown[] = [];
  const finished = (status: number | undefined, code: string | undefined) => void measured.push([status, code]);
  const source = measureFetches(restSource(api, SDL), { fetchesOf: () => ({ finished }) as never });
  const now = () => 0;
  const trace = new FetchTrace(
    { fetch: 0, request: 0, subgraph: 'shop', operationType: 'query', representations: 0 },
    now,
  );
  const body = JSON.stringify({ query });
  const client = aClient();
  const response = await new Promise<SubgraphResponse>((done) =>
    sendFetch(source, { body, operationType: 'query', client, trace }, done),
  );
  const { status, error } = trace.toJSON();
  return { trace: [status, error], metrics: measured[0], plain: recordedStatus(response) };
}

describe('the recorded status of a fetch', () => {
  test.each([
    ['{ good }', 500, 200, undefined],
    ['{ bad }', 500, 500, 'SUBREQUEST_HTTP_ERROR'],
    ['{ good bad }', 503, 503, 'SUBREQUEST_HTTP_ERROR'],
    ['{ good bad }', 404, 404, 'SUBREQUEST_HTTP_ERROR'],
    ['{ good bad }', 'text', 200, 'SUBREQUEST_MALFORMED_RESPONSE'],
    ['{ good bad }', 'closed', undefined, 'SUBREQUEST_HTTP_ERROR'],
  ] as const)('%s of an API that responds with %s', async (query, bad, status, code) => {
    expect(await statusesOf(query, bad)).toEqual({ trace: [status, code], metrics: [status, code], plain: status });
  });
});
