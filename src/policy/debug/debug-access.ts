import type { DebugSettings } from '../../config/sections/debug.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import { checkDebugToken } from './debug-token.ts';

/** Decides whether a request may have a debug trace. */
export interface DebugAccess {
  /**
   * Checks a request with `x-headgate-debug`. Throws, or rejects with, `GatewayError` 400 for another value than `trace`, and 403 where
   * it may have no trace.
   * @param token the value of `x-headgate-debug-token`
   */
  check(value: string, token: string | undefined): undefined | Promise<void>;
}

/** @param dev whether requests need no token */
export function debugAccess({ enabled, token_secret: secret }: DebugSettings, dev: boolean): DebugAccess {
  return {
    check(value, token) {
      if (value !== 'trace') {
        const message = 'The header x-headgate-debug has an unknown value; expected "trace".';
        throw new GatewayError(400, 'BAD_REQUEST', message);
      }
      if (!enabled || (secret === undefined && !dev)) throw new GatewayError(403, 'DEBUG_NOT_ALLOWED', NOT_ALLOWED);
      if (dev) return undefined;
      if (token === undefined) throw new GatewayError(403, 'DEBUG_TOKEN_REQUIRED', TOKEN_MISSING);
      return checkDebugToken(token, secret as string);
    },
  };
}

const NOT_ALLOWED =
  'Debug traces are off. Leave out the header x-headgate-debug, or ask an operator to set debug.token_secret (and debug.enabled: true).';
const TOKEN_MISSING =
  'A debug trace needs a token. Make one with "headgate debug-token", and send it in the header x-headgate-debug-token.';
