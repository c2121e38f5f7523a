/**
 * Measures a hit of the cache of whole responses, `GET /graphql?query=…`, against a listener that sends the same bytes with the same
 * headers and does nothing else: `npm run bench:responses -- [--pairs N] [--seconds N]`. Each pair starts both anew, and the load goes
 * to one and then to the other, as in `compare.ts`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { headgate, ROOT } from './gateways.ts';
import { waitUntilReady } from './measure.ts';
import { freePort, pinLoad, type Running, startNode, startStub } from './processes.ts';
import { interval } from './ratio.ts';
import { main, type Scenario, supergraphFor, tiny } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '12' },
    seconds: { type: 'string', default: '3' },
    'from-sources': { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const CONNECTIONS = 50;
const WARM_UP_SECONDS = 3;
/** What differs between responses, so the listener sends the first that came. */
const FROM_NODE = new Set(['date', 'connection', 'keep-alive']);
const HEADERS = { accept: 'application/json', 'apollo-require-preflight': 'true' };
const SCENARIOS = [main, tiny];

interface Recorded {
  readonly headers: readonly string[];
  readonly body: string;
  readonly cacheStatus: string | undefined;
}

function urlOf({ bodies }: Scenario): string {
  return `/graphql?query=${encodeURIComponent(bodies[0]?.query ?? '')}`;
}

function get(url: string): Promise<Recorded> {
  return new Promise((resolve, reject) => {
    const request = httpGet(url, { headers: HEADERS, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const headers: string[] = [];
        const { rawHeaders } = response;
        for (let i = 0; i < rawHeaders.length; i += 2) {
          const [name = '', value = ''] = rawHeaders.slice(i, i + 2);
          if (!FROM_NODE.has(name.toLowerCase())) headers.push(name, value);
        }
        resolve({ headers, body, cacheStatus: response.headers['cache-status']?.toString() });
      });
    });
    request.on('error', reject);
  });
}

/** Starts the gateway, and has it cache what is measured. */
async function startGateway(supergraph: string, config: string) {
  const port = await freePort();
  const flags = ['--supergraph', supergraph, '--host', '127.0.0.1', '--port', `${port}`, '--config', config];
  const startedAt = performance.now();
  const running = startNode([...headgate(values['from-sources']), 'start', ...flags], 'gateway');
  const origin = `http://127.0.0.1:${port}`;
  await waitUntilReady(`${origin}/graphql`, running, startedAt);
  const recorded: Record<string, Recorded> = {};
  for (const scenario of SCENARIOS) {
    const url = urlOf(scenario);
    await get(origin + url);
    const second = await get(origin + url);
    if (second.cacheStatus !== 'headgate; hit') throw new Error(`${scenario.name}: the second response is no hit`);
    recorded[url] = second;
  }
  return { running, origin, recorded };
}

/** Returns the milliseconds of CPU of one request. */
async function cpu(origin: string, running: Running, scenario: Scenario): Promise<number> {
  const load = { url: origin + urlOf(scenario), connections: CONNECTIONS, headers: HEADERS };
  await autocannon({ ...load, duration: WARM_UP_SECONDS });
  const before = running.cpuMs();
  const { requests, non2xx, errors } = await autocannon({ ...load, duration: seconds });
  if (non2xx + errors > 0 || requests.total === 0)
    throw new Error(`${scenario.name}: ${non2xx + errors} requests failed`);
  return (running.cpuMs() - before) / requests.total;
}

/** One pair: the ratio of the gateway to the listener for each scenario. */
async function measurePair(dir: string, supergraph: string, config: string, pair: number) {
  const gateway = await startGateway(supergraph, config);
  const file = join(dir, 'responses.json');
  writeFileSync(file, JSON.stringify(gateway.recorded));
  const listener = await startStub(join(ROOT, 'bench/stub/static.ts'), { RESPONSES: file }, 'gateway');
  try {
    const contenders = [
      { name: 'gateway', origin: gateway.origin, running: gateway.running },
      { name: 'listener', origin: `http://127.0.0.1:${listener.port}`, running: listener.running },
    ];
    if (pair % 2 === 1) contenders.reverse();
    const ratios: number[] = [];
    for (const scenario of SCENARIOS) {
      const spent: Record<string, number> = {};
      for (const { name, origin, running } of contenders) spent[name] = await cpu(origin, running, scenario);
      ratios.push((spent.gateway ?? Number.NaN) / (spent.listener ?? Number.NaN));
    }
    return ratios;
  } finally {
    await gateway.running.stop();
    await listener.running.stop();
  }
}

const dir = mkdtempSync(join(tmpdir(), 'headgate-responses-'));
pinLoad();
const stub = await startStub(join(ROOT, 'bench/stub/start.ts'), { CACHE_CONTROL: 'public, max-age=86400' });
try {
  const supergraph = join(dir, 'supergraph.graphql');
  writeFileSync(supergraph, supergraphFor(stub.port));
  const config = join(dir, 'config.json');
  const cacheControl = { subgraph_headers: { all: true } };
  writeFileSync(config, JSON.stringify({ response_cache: { enabled: true }, cache_control: cacheControl }));
  const pairs: number[][] = [];
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    const ratios = await measurePair(dir, supergraph, config, pair);
    pairs.push(ratios);
    console.log(`pair ${pair + 1}: ${ratios.map((ratio) => ratio.toFixed(3)).join(' ')}`);
  }
  const cells = SCENARIOS.map(({ name }, index) => {
    const { median, low, high } = interval(pairs.map((ratios) => ratios[index] ?? Number.NaN).sort((a, b) => a - b));
    return `${name} ${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  });
  console.log(`| a cached whole response against a static listener, ${values.pairs} pairs | ${cells.join(' | ')} |`);
} finally {
  await stub.running.stop();
  rmSync(dir, { recursive: true, force: true });
}
