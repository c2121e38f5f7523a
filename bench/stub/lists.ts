import { createServer } from 'node:http';

/**
 * Two subgraphs on one port, which it prints: one whose `items(n:)` has as many objects as asked for, made once, and at
 * `/gone` one that has an error for every entity it is asked for.
 */

const kept = new Map<number, Buffer>();

function answerOf(n: number): Buffer {
  let bytes = kept.get(n);
  if (bytes === undefined) {
    const items = Array.from({ length: n }, (_, i) => ({
      id: `i${i}`,
      name: `Item number ${i}`,
      price: i / 7,
      owner: { id: `o${i % 9}`, name: 'Somebody' },
      tags: ['a', 'b'],
    }));
    bytes = Buffer.from(JSON.stringify({ data: { items } }));
    kept.set(n, bytes);
  }
  return bytes;
}

interface Body {
  readonly variables?: Readonly<Record<string, unknown>>;
}

function goneFor({ variables = {} }: Body): Buffer {
  const wanted = Object.values(variables).find(Array.isArray) ?? [];
  const errors = wanted.map((_, index) => ({ message: 'no such row', path: ['_entities', index] }));
  return Buffer.from(JSON.stringify({ data: { _entities: wanted.map(() => null) }, errors }));
}

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body: Body = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    const bytes = request.url === '/gone' ? goneFor(body) : answerOf(Number(body.variables?.n ?? 0));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
    response.end(bytes);
  });
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(`${address.port}`);
});
