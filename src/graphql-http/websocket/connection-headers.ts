import { type IncomingHttpHeaders, maxHeaderSize } from 'node:http';

/** The `accept` header of an operation whose result is not sent in parts. */
export const WHOLE = 'application/json';

/** Returns how a client accepts results, as an `accept` header: in parts, if the payload of `connection_init` names their format. */
export function acceptOf({ incrementalSpec, deferSpec }: Readonly<Record<string, unknown>>): string {
  if (incrementalSpec === 'v0.2') return `multipart/mixed;incrementalSpec=v0.2, ${WHOLE}`;
  return deferSpec === '20220824' ? `multipart/mixed;deferSpec=20220824, ${WHOLE}` : WHOLE;
}

/** Headers of the handshake that say nothing about an operation. */
const OF_HANDSHAKE =
  /^(?:sec-websocket-.*|connection|upgrade|accept|accept-encoding|content-.*|transfer-encoding|expect)$/;

/** Returns the headers of a handshake that each operation has, too. */
export function headersOf(handshake: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(handshake).filter(([name]) => !OF_HANDSHAKE.test(name)));
}

/** The characters of a header's value (RFC 9110, section 5.5), without control characters. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Returns whether headers are larger than those of a request may be. */
export function isTooLarge(headers: IncomingHttpHeaders): boolean {
  return Object.values(headers).join('').length > maxHeaderSize;
}

/** Returns the members of a payload that are headers of these names, in lower case. */
export function headersIn(payload: Readonly<Record<string, unknown>>, names: readonly string[]): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  for (const [name, value] of Object.entries(payload)) {
    const lower = name.toLowerCase();
    if (typeof value === 'string' && VALUE.test(value) && names.includes(lower)) headers[lower] = value;
  }
  return headers;
}
