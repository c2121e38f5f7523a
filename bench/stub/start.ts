import { createServer, type ServerResponse } from 'node:http';
import { answerQuery, SDL } from './answer.ts';

/**
 * The four subgraphs of the bench on one port, each at its name. An answer is computed once for each body and kept as
 * bytes, so that what is measured beside them is the gateway. Prints the port; `GET /count` tells how many requests came.
 * With `CACHE_CONTROL`, the answers have this header.
 */

const MOST_KEPT = 5_000;
const { CACHE_CONTROL } = process.env;
const HEADERS = {
  'content-type': 'application/json',
  ...(CACHE_CONTROL === undefined ? {} : { 'cache-control': CACHE_CONTROL }),
};
const kept = new Map<string, Buffer>();
let count = 0;

function bytesFor(subgraph: string, body: string): Buffer {
  const key = `${subgraph} ${body}`;
  const known = kept.get(key);
  if (known) return known;
  const { query, variables } = JSON.parse(body);
  const bytes = Buffer.from(answerQuery(query, variables ?? {}, subgraph));
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(key, bytes);
  return bytes;
}

function send(response: ServerResponse, bytes: Buffer, status = 200): void {
  response.writeHead(status, { ...HEADERS, 'content-length': bytes.length });
  response.end(bytes);
}

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const subgraph = request.url?.slice(1).split('?', 1)[0] ?? '';
  if (!Object.hasOwn(SDL, subgraph)) return send(response, Buffer.from(`${count}`));
  count++;
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    try {
      send(response, bytesFor(subgraph, Buffer.concat(chunks).toString()));
    } catch (error) {
      send(response, Buffer.from(JSON.stringify({ errors: [{ message: String(error) }] })), 500);
    }
  });
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(`${address.port}`);
});
