import autocannon from 'autocannon';
import { main, type Scenario, tiny } from '../scenarios.ts';
import type { Subject } from './run.ts';

const CONNECTIONS = [1, 10, 100, 1_000];

/** A table: what a request costs, and how long it takes, by the number of connections that ask at the same time. */
export async function measureConnections(subject: Subject): Promise<string> {
  const lines: string[] = [];
  for (const scenario of [tiny, main]) {
    await fire(subject, scenario, 50);
    for (const connections of CONNECTIONS) lines.push(await measureOne(subject, scenario, connections));
  }
  return [
    '| | connections | CPU a request | requests/s | median | p99 | failed |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

/** A row of the table. A time in which not every connection got an answer says little: then twice as long. */
async function measureOne(subject: Subject, scenario: Scenario, connections: number): Promise<string> {
  const before = subject.running.cpuMs();
  const { requests, latency, duration, non2xx, errors } = await fire(subject, scenario, connections);
  if (requests.total < connections && errors === 0) {
    return measureOne({ ...subject, seconds: 2 * subject.seconds }, scenario, connections);
  }
  const cpuMs = (subject.running.cpuMs() - before) / requests.total;
  const cells = [
    scenario.name,
    connections,
    `${cpuMs.toFixed(3)} ms`,
    Math.round(requests.total / duration),
    `${latency.p50} ms`,
    `${latency.p99} ms`,
    non2xx + errors,
  ];
  return `| ${cells.join(' | ')} |`;
}

function fire({ url, seconds }: Subject, { bodies }: Scenario, connections: number): Promise<autocannon.Result> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const requests = bodies.map((body) => ({ method: 'POST' as const, headers, body: JSON.stringify(body) }));
  return autocannon({ url, connections, duration: seconds, requests, timeout: 30 });
}
