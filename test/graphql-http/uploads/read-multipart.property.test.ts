import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBoundedJson } from '../../../src/graphql-http/parse-body.ts';
import { readMultipart } from '../../../src/graphql-http/uploads/read-multipart.ts';
import { GatewayError } from '../../../src/shared/gateway-error.ts';
import { runs } from '../../runs.ts';

const LIMITS = { maxFileBytes: 200_000, maxFiles: 5, maxFieldBytes: 10_000 };

/** Contents that look like the ends of parts, or cross the buffers. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(fc.constantFrom('\r\n', '--', '--b', '\r\n--b', '\r', '\n', '-', 'b', 'x'), { maxLength: 30 })
    .map((parts) => Buffer.from(parts.join(''))),
  fc.integer({ min: 60_000, max: 140_000 }).map((size) => Buffer.alloc(size, '\r\n--')),
);

/** Boundaries of 1 to 70 characters (RFC 2046). None is a part of a content: it has a capital letter. */
const boundary = fc
  .string({ unit: fc.constantFrom(..."AB09'()+_,-./:=?"), minLength: 1, maxLength: 69 })
  .map((text) => `${text}A`);

interface Body {
  readonly boundary: string;
  readonly files: readonly Buffer[];
  readonly preamble: string;
  readonly epilogue: string;
}

const body: fc.Arbitrary<Body> = fc.record({
  boundary,
  files: fc.array(content, { maxLength: 4 }),
  preamble: fc.constantFrom('', '\r\n', 'This is no part.\r\n'),
  epilogue: fc.constantFrom('', '\r\n', '\r\nneither is this'),
});

function bytesOf({ boundary: limit, files, preamble, epilogue }: Body): Buffer {
  const names = files.map((_, at) => String(at));
  const operations = JSON.stringify({ query: '{ a }', variables: { files: names.map(() => null) } });
  const map = JSON.stringify(Object.fromEntries(names.map((name) => [name, [`variables.files.${name}`]])));
  const field = (name: string, value: string) =>
    `--${limit}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const parts = files.flatMap((one, at) => [
    Buffer.from(
      `--${limit}\r\nContent-Disposition: form-data; name="${at}"; filename="${at}.bin"\r\nContent-Type: image/png\r\n\r\n`,
    ),
    one,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([
    Buffer.from(preamble + field('operations', operations) + field('map', map)),
    ...parts,
    Buffer.from(`--${limit}--${epilogue}`),
  ]);
}

/** A request whose body comes in these pieces. */
function requestOf(limit: string, pieces: readonly Buffer[]): IncomingMessage {
  const stream = new PassThrough();
  const headers = { 'content-type': `multipart/form-data; boundary="${limit}"` };
  const request = Object.assign(stream, { headers, complete: false, socket: { destroy() {} } });
  void (async () => {
    for (const piece of pieces) if (!stream.write(piece)) await new Promise((resolve) => stream.once('drain', resolve));
    stream.end();
  })();
  return request as unknown as IncomingMessage;
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((place, at) => bytes.subarray(places[at], place));
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });

async function read(limit: string, pieces: readonly Buffer[]) {
  const options = { ...LIMITS, parse: (text: string, field: string) => parseBoundedJson(text, field) };
  const { uploads, operations } = await readMultipart(requestOf(limit, pieces), options);
  const files = [...uploads.files.values()].map((file) => contentOf(file.open(() => {}) as Readable));
  const contents = await Promise.race([Promise.all(files), uploads.failure]);
  return { operations, contents };
}

async function contentOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('a multipart body', () => {
  it('gives the same files, however it is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(body, cuts, async (sent, at) => {
        const { contents } = await read(sent.boundary, split(bytesOf(sent), at));
        expect(contents.map((one) => one.toString('latin1'))).toEqual(sent.files.map((one) => one.toString('latin1')));
      }),
      { numRuns: runs(500) },
    );
  });

  it('with a large part that has no Content-Disposition is refused, also where the parser does not go on after it', async () => {
    // the last piece of the content ends where the search for the boundary looks back
    const large = { boundary: 'limitA', files: [Buffer.alloc(70_507, '\r\n--')], preamble: '', epilogue: '' };
    const bytes = bytesOf(large).toString('latin1');
    const at = bytes.lastIndexOf('Content-Disposition');
    const changed = Buffer.from(
      `${bytes.slice(0, at)}Content-Position${bytes.slice(at + 'Content-Disposition'.length)}`,
    );
    await expect(read(large.boundary, [changed])).rejects.toMatchObject({ status: 400, code: 'BAD_REQUEST' });
  });

  it('that is cut off or changed gives an error or other files, and never hangs', async () => {
    await fc.assert(
      fc.asyncProperty(
        body,
        cuts,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(255),
        async (sent, at, place, byte) => {
          const whole = bytesOf(sent);
          const where = Math.floor(place * (whole.length - 1));
          const changed =
            byte === 0
              ? whole.subarray(0, where)
              : Buffer.concat([whole.subarray(0, where), Buffer.from([byte]), whole.subarray(where + 1)]);
          const outcome = await read(sent.boundary, split(changed, at)).catch((error: unknown) => error);
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(GatewayError);
        },
      ),
      { numRuns: runs(1_000) },
    );
  });
});
