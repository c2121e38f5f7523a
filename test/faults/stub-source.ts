/**
 * A source in a process of its own, with answers of any size: a REST API (`GET /SHAPE?bytes=N`) and a GraphQL service
 * (`POST /graphql`, which answers each query with `data` of the bytes that its variable `bytes` states).
 * Prints its port. Ends with its parent, when its standard input ends.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exit, stdin } from 'node:process';

/** Bodies of about `bytes` bytes, by their names. */
const SHAPES: Readonly<Record<string, (bytes: number) => string>> = {
  items: (bytes) => list(bytes, item),
  page: (bytes) => `{"page":{"total":7,"items":${list(bytes, item)}}}`,
  /** The most objects for their bytes. */
  empty: (bytes) => list(bytes, () => '{}'),
  /** The most lists for their bytes. */
  nested: (bytes) => list(bytes, () => '[[]]'),
  /** One long string. */
  text: (bytes) => JSON.stringify([{ id: '1', name: 'x'.repeat(bytes) }]),
};

function item(at: number): string {
  return JSON.stringify({
    id: String(at),
    full_name: `item number ${at}`,
    price: at + 0.25,
    stock: at % 1_000,
    size: { width: at % 7, height: at % 11, unit: 'cm' },
    tags: ['new', 'blue', `tag ${at % 13}`],
    offers: [{ seller: { id: `s${at % 17}`, name: 'Somebody' }, price: 9.5 }],
  });
}

/** Returns a list of as many items as `bytes` bytes hold. */
function list(bytes: number, write: (at: number) => string): string {
  const items: string[] = [];
  for (let size = 2, at = 0; ; at++) {
    const text = write(at);
    size += text.length + 1;
    if (size > bytes) return `[${items.join()}]`;
    items.push(text);
  }
}

const written = new Map<string, string>();

function bodyOf(shape: string, bytes: number): string | undefined {
  const key = `${shape} ${bytes}`;
  let text = written.get(key);
  if (text === undefined) {
    text = SHAPES[shape]?.(bytes);
    if (text !== undefined) written.set(key, text);
  }
  return text;
}

async function graphqlBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { query, variables = {} } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> };
  const ids = Object.values(variables).find(Array.isArray) as readonly unknown[] | undefined;
  const bytes = Number(
    query.match(/\$bytes|bytes: ?\d+/) ? (query.match(/bytes: ?(\d+)/)?.[1] ?? variables.bytes) : 100,
  );
  const field = query.match(/\{\s*(\w+)/)?.[1];
  if (!query.includes('boxes')) return `{"data":{${JSON.stringify(field)}:${bodyOf('items', bytes)}}}`;
  const boxes = (ids ?? []).map((id) => `{"items":${bodyOf('items', bytes)},"_key":${JSON.stringify(id)}}`);
  return `{"data":{${JSON.stringify(query.match(/(\w+): ?boxes/)?.[1] ?? 'boxes')}:[${boxes}]}}`;
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://stub');
  const text =
    pathname === '/graphql'
      ? await graphqlBody(request)
      : bodyOf(pathname.slice(1), Number(searchParams.get('bytes') ?? 100));
  response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(text ?? '{}');
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
stdin.resume().on('end', () => exit());
