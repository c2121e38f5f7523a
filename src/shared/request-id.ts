import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const MAX_ID_LENGTH = 128;
const CLEAN_ID = /^[\w.:/+=@~-]{1,128}$/;

/**
 * Returns the client's `x-request-id`, so that its logs and ours can be matched. It goes into logs and headers, so only
 * characters that are harmless there are kept. Without one, returns a new UUID.
 */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const sent = headers['x-request-id'];
  if (typeof sent !== 'string' || sent === '') return randomUUID();
  if (CLEAN_ID.test(sent)) return sent;
  return sent.replace(/[^\w.:/+=@~-]/g, '').slice(0, MAX_ID_LENGTH) || randomUUID();
}
