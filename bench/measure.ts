import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import autocannon from 'autocannon';
import type { BenchOptions } from './options.ts';
import type { Running } from './processes.ts';
import type { Body, Scenario } from './scenarios.ts';
import { answerQuery } from './stub/answer.ts';

/** What one scenario cost one gateway. Times are in milliseconds. */
export interface Load {
  readonly cpuMs: number;
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers with another status than 2xx, time-outs and broken connections. */
  readonly failures: number;
}

const READY_MS = 60_000;

/** Milliseconds until it answers. Throws with what the process said when it ends, or takes longer than a minute. */
export async function waitUntilReady(url: string, running: Running, startedAt: number): Promise<number> {
  while (performance.now() - startedAt < READY_MS) {
    if (running.child.exitCode !== null) break;
    try {
      const { status, text } = await post(url, { query: '{ __typename }' });
      if (status === 200 && text.includes('Query')) return performance.now() - startedAt;
    } catch {
      // It does not listen yet.
    }
    await sleep(10);
  }
  throw new Error(`It does not start. It said:\n${running.output.text}`);
}

/** Throws unless each answer is what the whole graph would say. */
export async function checkAnswers(url: string, { name, bodies }: Scenario): Promise<void> {
  for (const body of bodies) {
    const { status, text } = await post(url, body);
    const expected = JSON.parse(answerQuery(body.query, body.variables));
    if (status !== 200 || !isDeepStrictEqual(parseAnswer(text), expected)) {
      throw new Error(`${name}: a wrong answer (status ${status}): ${text.slice(0, 500)}`);
    }
  }
}

/** Some gateways add members of their own beside `data`; errors are not among what may be there. */
function parseAnswer(text: string): unknown {
  const { data, errors } = JSON.parse(text);
  return errors === undefined ? { data } : { data, errors };
}

export async function measureLoad(
  url: string,
  scenario: Scenario,
  running: Running,
  options: BenchOptions,
): Promise<Load> {
  if (options.warmUpSeconds > 0) await fire(url, scenario, options.connections, options.warmUpSeconds);
  const before = running.cpuMs();
  const result = await fire(url, scenario, options.connections, options.seconds);
  const spent = running.cpuMs() - before;
  const answered = result.requests.total;
  if (answered === 0) throw new Error(`${scenario.name}: nothing was answered in ${options.seconds} s`);
  return {
    cpuMs: spent / answered,
    requestsPerSecond: answered / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failures: result.non2xx + result.errors,
  };
}

const CONNECTIONS = 50;

/** Sends so many requests, over 50 connections. Returns the CPU time of one, in milliseconds. */
export async function measureRequests(url: string, scenario: Scenario, running: Running, amount: number) {
  const before = running.cpuMs();
  const result = await autocannon({ url, connections: CONNECTIONS, amount, requests: requestsOf(scenario) });
  const spent = running.cpuMs() - before;
  const failures = result.non2xx + result.errors;
  if (failures > 0) throw new Error(`${scenario.name}: ${failures} requests failed`);
  return spent / result.requests.total;
}

function fire(url: string, scenario: Scenario, connections: number, duration: number): Promise<autocannon.Result> {
  return autocannon({ url, connections, duration, requests: requestsOf(scenario) });
}

export function requestsOf({ bodies }: Scenario) {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  return bodies.map((body) => ({ method: 'POST' as const, headers, body: JSON.stringify(body) }));
}

/** Sends the bodies one after the other: the median time of a whole request, in milliseconds. */
export async function measureInTurn(url: string, bodies: readonly Body[]): Promise<number> {
  const times: number[] = [];
  for (const body of bodies) {
    const start = performance.now();
    const { status, text } = await post(url, body);
    times.push(performance.now() - start);
    if (status !== 200 || text.includes('"errors"')) throw new Error(`cold: a wrong answer: ${text.slice(0, 500)}`);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

/** How many subgraph requests one client request takes. */
export async function countSubgraphRequests(url: string, subgraphs: string, body: Body): Promise<number> {
  const count = async () => Number((await get(`${subgraphs}/count`)).text);
  const before = await count();
  await post(url, body);
  return (await count()) - before;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

export const post = (url: string, body: Body): Promise<Answer> => call(url, 'POST', JSON.stringify(body));
const get = (url: string) => call(url, 'GET', '');

function call(url: string, method: string, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const request = httpRequest(url, { method, headers, timeout: 20_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${url} within 20 s`)));
    request.on('error', reject);
    request.end(body);
  });
}
