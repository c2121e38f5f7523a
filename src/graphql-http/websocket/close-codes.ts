/** Close codes of `graphql-transport-ws`. */
export const INVALID = 4400;
export const UNAUTHORIZED = 4401;
export const FORBIDDEN = 4403;
export const INIT_TIMEOUT = 4408;
export const DUPLICATE = 4409;
export const TOO_MANY_INITS = 4429;
const INTERNAL = 4500;
/** Of WebSockets in general: after this code, clients of both subprotocols connect again; after most others they do not. */
export const TRY_AGAIN_LATER = 1013;

/** Statuses of refusals that another attempt may not get: a limit, or something that cannot be reached now. */
const TEMPORARY: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/** Returns the code with which a connection is closed whose credentials the middleware has refused with a status. */
export function closeCode(status: number): number {
  if (status === 401) return UNAUTHORIZED;
  if (status === 403) return FORBIDDEN;
  if (TEMPORARY.has(status)) return TRY_AGAIN_LATER;
  return status < 500 ? INVALID : INTERNAL;
}

/** Returns a close reason, which has 123 bytes at most. */
export function closeReason(message = 'Refused'): string {
  return Buffer.byteLength(message) <= 123
    ? message
    : Buffer.from(message)
        .toString('latin1', 0, 120)
        .replaceAll(/[^\x20-\x7e]/g, '?');
}
