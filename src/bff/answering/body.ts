import type { IncomingMessage } from 'node:http';
import type { ProblemDetails } from '../delivery/reply.ts';

export type JsonBody = { readonly value: Record<string, unknown> } | { readonly problem: ProblemDetails };

/** Reads a JSON object; no body at all is an empty object. Rejects when the connection breaks. */
export async function readJsonBody(req: IncomingMessage, maxBytes: number): Promise<JsonBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Where the loop is left early, the rest is read and thrown away: a client that cannot write on would not get its answer.
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      req.resume();
      return { problem: tooLarge(maxBytes) };
    }
    chunks.push(chunk);
  }
  if (bytes === 0) return { value: {} };
  const type = req.headers['content-type'] ?? '';
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) return { problem: wrongType(type) };
  return parseObject(Buffer.concat(chunks));
}

function parseObject(bytes: Buffer): JsonBody {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return { problem: invalid(`The body is not JSON in UTF-8: ${(error as Error).message}.`) };
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return { value: value as Record<string, unknown> };
  return { problem: invalid('The body is JSON, but no object: its members are the parameters, as in {"id": "1"}.') };
}

function invalid(detail: string): ProblemDetails {
  return { status: 400, kind: 'invalid-body', detail };
}

function wrongType(type: string): ProblemDetails {
  const given = type === '' ? 'has no content type' : `is of the type "${type}"`;
  return {
    status: 415,
    kind: 'unsupported-media-type',
    detail: `The body ${given}; send application/json.`,
    headers: { 'accept-post': 'application/json' },
  };
}

function tooLarge(maxBytes: number): ProblemDetails {
  return { status: 413, kind: 'body-too-large', detail: `The body is longer than ${maxBytes} bytes.` };
}
