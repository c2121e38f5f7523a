/**
 * A subgraph in a process of its own, whose fault can be switched. It answers each query for `sN` or `mN` with `ok`. Takes orders from
 * its parent as messages, see `Order`, and answers each of them with its counts. Ends with its parent.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';

/** What the subgraph does with a request. */
export type Fault =
  | 'none'
  /** Nothing listens at its port. */
  | 'refuses connections'
  | 'hangs'
  /** Sends a byte of the response now and then. */
  | 'trickles'
  | 'closes each connection'
  | 'resets in the middle of a response'
  | 'answers with garbage'
  | 'answers 500'
  | 'answers 503'
  /** Answers 500 for one second of three. */
  | 'answers 500 in bursts'
  /** Every twentieth response takes a second. */
  | 'is slow at times';

/** The next fault. Without it, only the counts are asked for. */
export interface Order {
  readonly fault?: Fault | undefined;
}

export interface Counts {
  readonly port: number;
  /** Requests of which the head has arrived. */
  readonly received: number;
  /** Requests that got a good response. */
  readonly answered: number;
}

const HOST = process.argv[3] ?? '127.0.0.1';
let fault: Fault = 'none';
let received = 0;
let answered = 0;
let port = 0;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  received++;
  if (fault === 'closes each connection') return void request.socket.destroy();
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => respond(request, Buffer.concat(chunks).toString(), response));
});

function respond(request: IncomingMessage, body: string, response: ServerResponse): void {
  response.setHeader('content-type', 'application/json');
  const answer = answerTo(body);
  switch (fault) {
    case 'hangs':
      return;
    case 'trickles':
      return trickle(answer, response);
    case 'resets in the middle of a response':
      response.writeHead(200, { 'content-length': answer.length });
      response.write(answer.slice(0, 8), () => request.socket.resetAndDestroy());
      return;
    case 'answers with garbage':
      return void response.end('<html><body>It works!</body></html>');
    case 'answers 500':
      return void response.writeHead(500).end('oops');
    case 'answers 503':
      return void response.writeHead(503).end('oops');
    case 'answers 500 in bursts':
      if (Date.now() % 3_000 < 1_000) return void response.writeHead(500).end('oops');
      return good(answer, response);
    case 'is slow at times':
      return received % 20 === 0 ? void setTimeout(() => good(answer, response), 1_000) : good(answer, response);
    default:
      return good(answer, response);
  }
}

function good(answer: string, response: ServerResponse): void {
  answered++;
  response.end(answer);
}

function trickle(answer: string, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': answer.length });
  let at = 0;
  const timer = setInterval(() => void response.write(answer[at++] ?? ''), 200);
  response.on('close', () => clearInterval(timer));
}

/** Each of the fields `s0` to `s9` and `m0` to `m9` that a query has is `ok`. */
function answerTo(body: string): string {
  const { query } = JSON.parse(body) as { query: string };
  const fields = new Set(query.match(/\b[sm]\d\b/g) ?? ['__typename']);
  return JSON.stringify({ data: Object.fromEntries([...fields].map((field) => [field, 'ok'])) });
}

async function switchTo(next: Fault): Promise<void> {
  const [was, is] = [fault === 'refuses connections', next === 'refuses connections'];
  fault = next;
  if (is && !was) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  if (was && !is) await listen();
}

function listen(): Promise<void> {
  return new Promise((resolve) => {
    server.listen(port, HOST, 1_024, () => {
      ({ port } = server.address() as AddressInfo);
      resolve();
    });
  });
}

process.on('message', async ({ fault: next }: Order) => {
  if (next !== undefined) await switchTo(next);
  process.send?.({ port, received, answered } satisfies Counts);
});
process.on('disconnect', () => process.exit());
port = Number(process.argv[2] ?? 0);
await listen();
process.send?.({ port, received, answered } satisfies Counts);
