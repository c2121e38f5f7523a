import type { IncomingMessage } from 'node:http';
import { charsetOf, isJsonType, parseMediaType } from '../../client/media-type.ts';
import type { ProblemDetails } from '../../http/problem.ts';
import { shorten } from '../../operation/print-value.ts';
import type { ByteBudget } from '../../shared/byte-budget.ts';
import { ContentCodingError, decodeBody, READABLE_CODINGS, readContentEncoding } from '../../shared/content-codings.ts';
import { isUtf8Charset } from '../../shared/decode-text.ts';
import { readBytes } from '../../shared/read-bytes.ts';
import { readJson } from '../endpoints/json-reading.ts';

/** A JSON object from a request body, or the problem with the body. */
export type JsonBody = { readonly value: Record<string, unknown> } | { readonly problem: ProblemDetails };

/**
 * Reads a JSON object from a request; an empty body is an empty object. Rejects when the connection breaks, and with
 * `OverloadedError` when `budget` has no room for the body.
 */
export async function readJsonBody(req: IncomingMessage, maxBytes: number, budget?: ByteBudget): Promise<JsonBody> {
  const bytes = await readAll(req, maxBytes, budget);
  if (bytes === undefined) return { problem: tooLarge(maxBytes) };
  if (bytes.length === 0) return { value: {} };
  const problem = checkContentType(req);
  if (problem) return { problem };
  const decoded = await decode(req, bytes, maxBytes, budget);
  return 'problem' in decoded ? decoded : parseObject(decoded.bytes);
}

/** `undefined` where there are more bytes than allowed. */
async function readAll(
  req: IncomingMessage,
  maxBytes: number,
  budget: ByteBudget | undefined,
): Promise<Buffer | undefined> {
  try {
    return await readBytes(req, maxBytes, (bytes) => bytes, ERRORS, budget);
  } catch (error) {
    if (!(error instanceof BodyTooLarge)) throw error;
    // discards the rest: a client that cannot finish sending would not read its response
    req.resume();
    return undefined;
  }
}

class BodyTooLarge extends Error {}

const ERRORS = {
  tooLarge: () => new BodyTooLarge(),
  disconnected: () => new Error('The client closed the connection before its request was complete.'),
};

async function decode(
  { headers }: IncomingMessage,
  body: Buffer,
  maxBytes: number,
  budget: ByteBudget | undefined,
): Promise<{ readonly bytes: Buffer } | { readonly problem: ProblemDetails }> {
  const header = headers['content-encoding'];
  if (header === undefined) return { bytes: body };
  const held = budget?.open(true);
  try {
    return { bytes: await decodeBody(body, readContentEncoding(header), maxBytes, held) };
  } catch (error) {
    if (!(error instanceof ContentCodingError)) throw error;
    if (error.kind === 'too-large') return { problem: tooLarge(maxBytes) };
    if (error.kind === 'corrupt') return { problem: invalid(`The body cannot be decoded: ${error.message}.`) };
    const codings = READABLE_CODINGS.join(', ');
    const detail = `The body cannot be decoded: ${error.message}. Send it as it is, or in one of ${codings}.`;
    return { problem: unsupported(detail, { 'accept-encoding': codings }) };
  } finally {
    held?.release();
  }
}

/** Checks the content type and charset. JSON is always UTF-8: RFC 8259, section 8.1. */
function checkContentType({ headers, method }: IncomingMessage): ProblemDetails | undefined {
  const type = headers['content-type'] ?? '';
  const mediaType = parseMediaType(type);
  if (!mediaType || !isJsonType(mediaType.essence)) {
    const given = type === '' ? 'has no content type' : `is of the type "${shorten(type)}"`;
    return unsupported(`The body ${given}; send application/json.`, acceptedBy(method));
  }
  const charset = charsetOf(mediaType);
  if (charset !== undefined && !isUtf8Charset(charset)) {
    return unsupported(`The body is in ${shorten(charset)}; send application/json in UTF-8.`, acceptedBy(method));
  }
  return undefined;
}

const ACCEPT: Readonly<Record<string, string>> = { POST: 'accept-post', PATCH: 'accept-patch', PUT: 'accept' };

/**
 * Returns the header that names the accepted body type: `Accept-Patch` for PATCH, `Accept-Post` for POST, `Accept` for PUT.
 * @see https://www.rfc-editor.org/rfc/rfc5789#section-3.1
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16
 */
export function acceptedBy(method: string | undefined): Readonly<Record<string, string>> {
  const name = ACCEPT[method ?? ''];
  return name === undefined ? {} : { [name]: 'application/json' };
}

function parseObject(bytes: Buffer): JsonBody {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { problem: invalid('The body is not valid UTF-8.') };
  }
  const read = readJson(text);
  if ('error' in read) return { problem: invalid(`The body ${read.error}.`) };
  const { value } = read;
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return { value: value as Record<string, unknown> };
  return {
    problem: invalid(
      'The body is JSON, but not an object. Send an object whose members are the parameters, as in {"id": "1"}.',
    ),
  };
}

function invalid(detail: string): ProblemDetails {
  return { status: 400, kind: 'invalid-body', detail };
}

function unsupported(detail: string, headers: Readonly<Record<string, string>>): ProblemDetails {
  return { status: 415, kind: 'unsupported-media-type', detail, headers };
}

function tooLarge(maxBytes: number): ProblemDetails {
  return { status: 413, kind: 'body-too-large', detail: `The body is longer than ${maxBytes} bytes.` };
}
