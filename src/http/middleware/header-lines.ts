import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../shared/gateway-error.ts';
import type { Middleware } from './middleware.ts';

/**
 * Headers that must not occur twice: they define the target, the sender or the body of a request. Node uses the first line of some
 * and joins the lines of others. A proxy may use another line, so the two would see different requests.
 */
const SINGLE = [
  'host',
  'authorization',
  'content-type',
  'content-encoding',
  'idempotency-key',
  'origin',
  'x-csrf',
] as const;

interface SingleHeader {
  readonly name: string;
  /** The code of the first letter, in lower case. */
  readonly firstCode: number;
  /** A unique bit. */
  readonly bit: number;
}

/** Headers by the length of their name, so that most headers of a request need no comparison. */
const BY_LENGTH: (readonly SingleHeader[] | undefined)[] = [];
for (const [index, name] of SINGLE.entries()) {
  const header = { name, firstCode: name.charCodeAt(0), bit: 1 << index };
  BY_LENGTH[name.length] = [...(BY_LENGTH[name.length] ?? []), header];
}

/** Matches `uri-host [ ":" port ]` of RFC 9110, section 7.2, and RFC 3986, section 3.2.2. Checks IP literals only roughly. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i;
const LONGEST_HOST = 1_024;

/** The last valid `Host`: most requests of a gateway have the same one. */
let lastValid: string | undefined;

/** Refuses requests with ambiguous headers. Throws `GatewayError` 400. */
export const headerLines: Middleware = (next) => (context) => {
  checkHeaderLines(context.req);
  next(context);
};

/**
 * Refuses a request that repeats a header which may occur only once, or has an invalid `Host` (RFC 9112, section 3.2). Throws
 * `GatewayError` 400.
 */
export function checkHeaderLines({ rawHeaders, headers }: Pick<IncomingMessage, 'rawHeaders' | 'headers'>): void {
  checkSingle(rawHeaders);
  const { host } = headers;
  if (host === undefined || host === lastValid) return;
  if (host.length > LONGEST_HOST || !HOST.test(host)) {
    throw refused('The "host" header is not a valid host name with an optional port, such as "shop.example:4000".');
  }
  lastValid = host;
}

/** @param rawHeaders names and values in turn */
function checkSingle(rawHeaders: readonly string[]): void {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const written = rawHeaders[i] as string;
    const candidates = BY_LENGTH[written.length];
    if (candidates === undefined) continue;
    const firstCode = written.charCodeAt(0) | 0x20;
    for (let at = 0; at < candidates.length; at++) {
      const { name, firstCode: wanted, bit } = candidates[at] as SingleHeader;
      if (firstCode !== wanted || (written !== name && written.toLowerCase() !== name)) continue;
      if ((seen & bit) !== 0) throw refused(`The request has more than one "${name}" header. Send one.`);
      seen |= bit;
    }
  }
}

function refused(message: string): GatewayError {
  return new GatewayError(400, 'BAD_REQUEST', message);
}
