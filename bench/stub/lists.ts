import { createServer } from 'node:http';

/** One subgraph whose `items(n:)` has as many objects as asked for; prints its port. Answers are made once. */

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

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { variables } = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    const bytes = answerOf(Number(variables?.n ?? 0));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
    response.end(bytes);
  });
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(`${address.port}`);
});
