import type { IncomingMessage } from 'node:http';
import type { ProblemDetails } from '../http/problem.ts';
import { FailedAttempts } from '../policy/authentication/failed-attempts.ts';
import { peerAddress } from '../policy/client-address.ts';
import { areEqualSecrets } from '../shared/equal-secrets.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Checks tokens of the admin listener, and limits how many one address may try. */
export interface TokenGuard {
  /** Returns why a request may not use the admin API; `undefined` if it may. */
  check(req: IncomingMessage): ProblemDetails | undefined;
  /** Returns a problem for an address that has sent too many wrong tokens. */
  throttle(req: IncomingMessage): ProblemDetails | undefined;
  /** Counts a request that was refused, if it had a token. */
  recordFailure(req: IncomingMessage): void;
}

export interface TokenGuardOptions {
  /** `admin.token` */
  readonly token: string | undefined;
  /** Wrong tokens that one address may send per window. */
  readonly limit: number;
  readonly windowMs: number;
  readonly logger: Pick<Logger, 'warn'>;
}

export function createTokenGuard({ token, limit, windowMs, logger }: TokenGuardOptions): TokenGuard {
  const attempts = new FailedAttempts({ limit, windowMs });
  function throttle(req: IncomingMessage): ProblemDetails | undefined {
    const seconds = attempts.retryAfter(peerAddress(req.socket));
    if (seconds === undefined) return undefined;
    const detail = `Too many wrong tokens from this address. Try again in ${seconds} seconds.`;
    return { status: 429, kind: 'too-many-attempts', detail, headers: { 'retry-after': `${seconds}` } };
  }
  function recordFailure(req: IncomingMessage): void {
    if (req.headers.authorization === undefined) return;
    const address = peerAddress(req.socket);
    void attempts.recordFailure(address);
    if (attempts.retryAfter(address) !== undefined)
      logger.warn({ address }, 'too many wrong tokens at the admin listener; its requests with a token get 429');
  }
  return {
    throttle,
    recordFailure,
    check(req) {
      if (token === undefined) return NO_TOKEN_SET;
      const throttled = throttle(req);
      if (throttled) return throttled;
      // the name of a scheme is case-insensitive (RFC 9110, section 11.1)
      const sent = (req.headers.authorization ?? '').replace(/^bearer /i, 'Bearer ');
      if (areEqualSecrets(sent, `Bearer ${token}`)) return undefined;
      recordFailure(req);
      return WRONG_TOKEN;
    },
  };
}

const NO_TOKEN_SET: ProblemDetails = {
  status: 403,
  kind: 'admin-token-not-set',
  detail:
    'The admin API is off, because admin.token is not set. Set it in headgate.yaml, to a text of at least 16 characters, and restart the gateway.',
};

const WRONG_TOKEN: ProblemDetails = {
  status: 401,
  kind: 'unauthenticated',
  detail: 'Send "Authorization: Bearer TOKEN" with the value of admin.token.',
  headers: { 'www-authenticate': 'Bearer' },
};
