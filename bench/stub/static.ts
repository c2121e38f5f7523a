import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

/**
 * The static listener: sends the same bytes with the same headers to each request, and does nothing else. `RESPONSES` names a
 * JSON file: for each URL, the headers as a list of names and values in turn, and the body. Prints the port.
 */
interface Recorded {
  readonly headers: readonly string[];
  readonly body: string;
}

const { RESPONSES = '' } = process.env;
const recorded: Readonly<Record<string, Recorded>> = JSON.parse(readFileSync(RESPONSES, 'utf8'));
/** Node writes a short text in one piece with the head. */
const LONG_TEXT = 8_192;
const responses = new Map(
  Object.entries(recorded).map(([url, { headers, body }]) => [
    url,
    { headers: [...headers], body: body.length > LONG_TEXT ? Buffer.from(body) : body },
  ]),
);

const server = createServer((request, response) => {
  const known = responses.get(request.url ?? '');
  if (known === undefined) return response.writeHead(404).end();
  response.writeHead(200, known.headers);
  response.end(known.body);
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(`${address.port}`);
});
