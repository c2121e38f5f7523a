import { readFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { project, startCli } from '../cli/run-cli.ts';
import { bodyOf } from '../sources/fake-subgraph.ts';
import { PATIENCE } from './gateway-process.ts';

const MB = 1_000_000;
/** What the process takes beside bodies: code, stacks, V8's own memory, and what the garbage collector has not freed yet. */
const BASE_MB = 350;
const HEAP_MB = 256;
const BUFFERED_MB = 128;

const configWith = (writeTimeout: string) => `
limits: { max_buffered_bytes: ${BUFFERED_MB}MiB, client_write_timeout: ${writeTimeout} }
traffic_shaping: { router: { deduplicate_query: false, timeout: 120s }, all: { deduplicate_query: false, timeout: 120s } }
telemetry: { metrics: { prometheus: { enabled: true, listen: "127.0.0.1:0" } } }
`;
const SCHEMA = 'type Query { hello: String text(n: Int): String rows(n: Int): [Row] } type Row { id: ID name: String }';

type Respond = (query: string, res: ServerResponse) => void;

/** A gateway with a heap of 256 MiB, and a subgraph that responds as the test says. */
async function gateway(respond: Respond, writeTimeout = '60s') {
  const subgraph = createServer({ keepAliveTimeout: 60_000 }, async (req: IncomingMessage, res) => {
    respond(await bodyOf(req), res.setHeader('content-type', 'application/json'));
  });
  await new Promise<void>((resolve) => subgraph.listen(0, '127.0.0.1', 4_096, resolve));
  onTestFinished(() => {
    subgraph.closeAllConnections();
    subgraph.close();
  });
  const { port } = subgraph.address() as AddressInfo;
  const schema = `extend schema @subgraph(url: "http://127.0.0.1:${port}/graphql")\n${SCHEMA}`;
  const dir = await project({ 'schemas/hello.graphql': schema, 'headgate.yaml': configWith(writeTimeout) });
  const cli = startCli(dir, ['start', '--port', '0'], '', [`--max-old-space-size=${HEAP_MB}`]);
  await vi.waitFor(() => expect(cli.output.stdout).toMatch(/^Headgate metrics at /m), PATIENCE);
  const [, url = ''] = /^Headgate listening on (\S+)$/m.exec(cli.output.stdout) ?? [];
  const [, metricsUrl = ''] = /^Headgate metrics at (\S+)$/m.exec(cli.output.stdout) ?? [];
  const metric = async (name: string) => {
    const text = await (await fetch(metricsUrl)).text();
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length) ?? 0,
    );
  };
  return { url, metric, peakMb: () => peakMb(cli.pid) };
}

/** The most memory that a process has ever had, in megabytes. */
function peakMb(pid: number): number {
  const [, kib = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kib) * 1_024) / MB;
}

const LIMIT_MB = HEAP_MB + BUFFERED_MB + BASE_MB;

/** Returns `200`, `503 after N s`, or the codes of the errors. Unlike `fetch`, waits for a connection as long as it takes. */
function ask(url: string, query: string, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { agent, method: 'POST', headers: { 'content-type': 'application/json' } };
    const sent = request(url, options, async (res) => {
      const body = await bodyOf(res).catch((error: Error) => error.message);
      if (res.statusCode === 503) return resolve(`503 after ${res.headers['retry-after']} s`);
      if (!body.includes('"errors":')) return resolve(res.complete ? String(res.statusCode) : body);
      const { errors } = JSON.parse(body) as { errors: { extensions: { code: string } }[] };
      resolve(errors.map(({ extensions }) => extensions.code).join());
    });
    sent.on('error', reject).end(JSON.stringify({ query }));
  });
}

/** Sends a query, and never reads the response. Resolves when the connection ends. */
function askWithoutReading(url: string, query: string): Promise<void> {
  const { port } = new URL(url);
  const body = JSON.stringify({ query });
  const socket = connect(Number(port), '127.0.0.1').pause();
  onTestFinished(() => void socket.destroy());
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  return new Promise((resolve) => void socket.on('close', () => resolve()).on('error', () => {}));
}

const TEXT = JSON.stringify({ data: { text: 'x'.repeat(10 * MB) } });
const HELLO = '{"data":{"hello":"hello"}}';

test('100 clients that do not read 10 MB: memory is bounded, others are served, and the clients are disconnected', async () => {
  const { url, metric, peakMb } = await gateway((query, res) => res.end(query.includes('hello') ? HELLO : TEXT), '5s');
  const readers = Array.from({ length: 100 }, (_, n) => askWithoutReading(url, `{ text(n: ${n}) }`));
  const refused = 'headgate_policy_refusals_total{policy="limits",reason="client_write_timeout",mode="enforce"}';
  let served = 0;
  await vi.waitFor(async () => {
    expect(await ask(url, '{ hello }')).toBe('200');
    served++;
    expect(await metric(refused)).toBeGreaterThan(5);
  }, PATIENCE);
  await vi.waitFor(async () => expect(await metric('headgate_buffered_bytes')).toBe(0), PATIENCE);
  expect(served).toBeGreaterThan(0);
  expect(peakMb()).toBeLessThan(LIMIT_MB);
  expect(await ask(url, '{ text(n: 100) }')).toBe('200');
  void readers;
});

test('256 large responses of a subgraph at once: memory is bounded, and what does not fit is refused', async () => {
  const half = TEXT.slice(0, 5 * MB);
  const open: ServerResponse[] = [];
  const { url, peakMb } = await gateway((query, res) => {
    if (query.includes('hello')) return res.end(HELLO);
    res.write(half);
    return open.push(res);
  });
  const answers = Array.from({ length: 256 }, (_, n) => ask(url, `{ text(n: ${n}) }`));
  await vi.waitFor(() => expect(open).toHaveLength(256), PATIENCE);
  for (const res of open) res.end(TEXT.slice(half.length));
  const counts: Record<string, number> = {};
  for (const outcome of await Promise.all(answers)) counts[outcome] = (counts[outcome] ?? 0) + 1;
  const { 200: whole = 0, OVERLOADED: failed = 0, '503 after 1 s': refused = 0, ...others } = counts;
  expect(others).toEqual({});
  expect(whole).toBeGreaterThan(0);
  expect(failed + refused).toBeGreaterThan(0);
  expect(peakMb()).toBeLessThan(LIMIT_MB);
  expect(await ask(url, '{ hello }')).toBe('200');
});

test('2,000 heavy queries at once: each is answered or refused, and so are the small ones between them', async () => {
  const rows = JSON.stringify({
    data: { rows: Array.from({ length: 10_000 }, (_, id) => ({ id, name: `name of ${id}` })) },
  });
  const { url, peakMb } = await gateway((query, res) => res.end(query.includes('hello') ? HELLO : rows));
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const askSmall = () => Promise.all(Array.from({ length: 20 }, () => ask(url, '{ hello }', agent)));
  // opens the connections
  await askSmall();
  let done = 0;
  const heavy = Array.from({ length: 2_000 }, async (_, n) => {
    const outcome = await ask(url, `{ rows(n: ${n}) { id name } }`);
    done++;
    return outcome;
  });
  await vi.waitFor(() => expect(done).toBeGreaterThan(0), PATIENCE);
  expect(new Set(await askSmall())).toEqual(new Set(['200']));
  // the small ones, sent last, do not wait for the heavy ones
  expect(done).toBeLessThan(2_000);
  for (const outcome of await Promise.all(heavy)) expect(['200', '503 after 1 s', 'OVERLOADED']).toContain(outcome);
  expect(peakMb()).toBeLessThan(LIMIT_MB);
  expect(await ask(url, '{ hello }')).toBe('200');
});
