/**
 * Measures what subscribers cost beside their sockets: idle ones, an event for all of them, and clients that come and go. It needs
 * Linux, and two open files for each client: `npm run bench:subscriptions -- [options]`.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { headgate, ROOT } from '../gateways.ts';
import { waitUntilReady } from '../measure.ts';
import { freePort, pinLoad, type Running, startNode, startStub } from '../processes.ts';
import { machine, writeSection } from '../section.ts';
import { comeAndGo, connectClients } from './clients.ts';

const BARE = join(ROOT, 'bench/subscriptions/bare.ts');
const PROBE = ['--expose-gc', '--import', pathToFileURL(join(ROOT, 'bench/subscriptions/probe.mjs')).href];

const USAGE = `npm run bench:subscriptions -- [options]
  --clients N       subscribers (default 10000; this many open files in each of two processes)
  --events N        events for all of them (default 20)
  --connects N      clients that come and go (default 100000)
  --out FILE        the page to write (default docs/performance.md)
  --from-sources    runs Headgate from src/ instead of dist/`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      clients: { type: 'string', default: '10000' },
      events: { type: 'string', default: '20' },
      connects: { type: 'string', default: '100000' },
      out: { type: 'string', default: 'docs/performance.md' },
      'from-sources': { type: 'boolean', default: false },
    },
  });
  const numbers = [values.clients, values.events, values.connects].map(Number);
  if (!numbers.every((one) => one > 0)) throw new TypeError('expected numbers above 0');
  const [clients, events, connects] = numbers as [number, number, number];
  return { ...values, clients, events, connects };
}

type Options = ReturnType<typeof readOptions>;

interface Memory {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
}

/** A server of WebSockets that is measured. */
interface Subject {
  readonly running: Running;
  readonly url: string;
  /** Where the probe writes what memory is in use. */
  readonly memoryFile: string;
  /** Sends an event to all subscribers. */
  readonly publish: () => Promise<unknown>;
}

/** Returns what memory is in use after full collections. */
async function memoryOf({ running: { child, output }, memoryFile }: Subject): Promise<Memory> {
  child.kill('SIGUSR2');
  for (let i = 0; i < 600; i++) {
    await sleep(50);
    if (!existsSync(memoryFile)) continue;
    const memory: Memory = JSON.parse(readFileSync(memoryFile, 'utf8'));
    rmSync(memoryFile);
    return memory;
  }
  throw new Error(`The probe does not answer. The process said:\n${output.text}`);
}

const inUse = ({ heapUsed, external }: Memory) => heapUsed + external;

/** The cost of one subscriber. */
interface Cost {
  readonly idleBytes: number;
  readonly residentBytes: number;
  readonly eventUs: number;
}

async function measureSubscribers(subject: Subject, { clients: count, events }: Options): Promise<Cost> {
  const { running, url, publish } = subject;
  // what is made once is not a cost of each
  await (await connectClients(url, 100)).close();
  const before = await memoryOf(subject);
  const clients = await connectClients(url, count);
  const after = await memoryOf(subject);
  await publish();
  await clients.received(count);
  const cpuMs = running.cpuMs();
  for (let i = 1; i <= events; i++) {
    await publish();
    await clients.received(count * (i + 1));
  }
  const eventUs = ((running.cpuMs() - cpuMs) * 1_000) / (count * events);
  await clients.close();
  const residentBytes = (after.rss - before.rss) / count;
  return { idleBytes: (inUse(after) - inUse(before)) / count, residentBytes, eventUs };
}

/** Returns the memory in use, in MB, before any clients and after each fifth of those that come and go. */
async function measureTurnover(subject: Subject, { connects }: Options): Promise<number[]> {
  const { url } = subject;
  await comeAndGo(url, Math.ceil(connects / 10));
  const sizes = [inUse(await memoryOf(subject))];
  for (let i = 0; i < 5; i++) {
    await comeAndGo(url, Math.ceil(connects / 5));
    sizes.push(inUse(await memoryOf(subject)));
  }
  return sizes.map((bytes) => bytes / 1e6);
}

/** Runs a server while it is measured: Headgate before a subgraph, or the bare one. */
async function during<T>(what: 'bare' | 'headgate', options: Options, measure: (subject: Subject) => Promise<T>) {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-subscriptions-'));
  const memoryFile = join(dir, 'memory.json');
  const env = { MEMORY_FILE: memoryFile };
  const isBare = what === 'bare';
  const stub = await startStub(BARE, env, isBare ? 'gateway' : 'load', isBare ? PROBE : []);
  const publish = () => fetch(`http://127.0.0.1:${stub.port}/publish`);
  try {
    if (isBare)
      return await measure({ running: stub.running, url: `ws://127.0.0.1:${stub.port}`, memoryFile, publish });
    mkdirSync(join(dir, 'schemas'));
    writeFileSync(join(dir, 'schemas/reviews.graphql'), schemaOf(stub.port));
    return await duringGateway(dir, options, env, (place) => measure({ ...place, memoryFile, publish }));
  } finally {
    await stub.running.stop();
    rmSync(dir, { recursive: true });
  }
}

async function duringGateway<T>(
  dir: string,
  options: Options,
  env: Readonly<Record<string, string>>,
  measure: (place: Pick<Subject, 'running' | 'url'>) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const args = ['start', '--schemas', join(dir, 'schemas'), '--host', '127.0.0.1', '--port', `${port}`];
  const running = startNode([...PROBE, ...headgate(options['from-sources']), ...args], 'gateway', env);
  try {
    const url = `http://127.0.0.1:${port}/graphql`;
    await waitUntilReady(url, running, performance.now());
    return await measure({ running, url: url.replace('http', 'ws') });
  } finally {
    await running.stop();
  }
}

function schemaOf(port: number): string {
  return `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"]) @subgraph(url: "http://127.0.0.1:${port}")
type Query { reviews: [Review] }
type Subscription { reviewAdded: Review }
type Review { body: String }
`;
}

async function run(options: Options): Promise<void> {
  const pinned = pinLoad();
  const bare = await during('bare', options, (subject) => measureSubscribers(subject, options));
  const own = await during('headgate', options, (subject) => measureSubscribers(subject, options));
  const sizes = await during('headgate', options, (subject) => measureTurnover(subject, options));
  const row = (name: string, { idleBytes, residentBytes, eventUs }: Cost) =>
    `| ${name} | ${kb(idleBytes)} | ${kb(residentBytes)} | ${eventUs.toFixed(1)} µs |`;
  const beside: Cost = {
    idleBytes: own.idleBytes - bare.idleBytes,
    residentBytes: own.residentBytes - bare.residentBytes,
    eventUs: own.eventUs - bare.eventUs,
  };
  const text = [
    `${machine(pinned)}.`,
    [
      `| ${options.clients} subscribers on WebSockets | memory in use, each | resident memory, each | CPU for an event, each |`,
      '| --- | --- | --- | --- |',
      row('a bare server of WebSockets', bare),
      row('Headgate, with one subscription to the subgraph', own),
      row('Headgate beside the socket', beside),
    ].join('\n'),
    `${options.connects} clients that connect, subscribe and leave: memory in use before them, and after each fifth:
${sizes.map((size) => size.toFixed(1)).join(', ')} MB.`,
  ].join('\n\n');
  writeSection(options.out, 'subscriptions', text);
  console.log(`${text}\n\nwritten to ${options.out}`);
}

function kb(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} KB`;
}

try {
  await run(readOptions());
} catch (error) {
  console.error(error instanceof TypeError ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = 1;
}
