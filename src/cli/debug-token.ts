import { parseDuration } from '../config/duration.ts';
import { loadConfig } from '../config/load-config.ts';
import { MAX_TOKEN_SECONDS, signDebugToken } from '../policy/debug/debug-token.ts';
import { UsageError } from './failure.ts';

export interface DebugTokenFlags {
  readonly config?: string;
  /** How long the token is valid: `15m`. */
  readonly ttl: string;
}

/** `headgate debug-token`: prints a token for `x-headgate-debug-token`. Throws `UsageError` without a secret, and for a wrong duration. */
export async function debugToken({ config, ttl }: DebugTokenFlags): Promise<void> {
  const seconds = Math.floor((parseDuration(ttl) ?? 0) / 1_000);
  if (seconds < 1 || seconds > MAX_TOKEN_SECONDS)
    throw new UsageError(`--ttl: "${ttl}" is not a duration from 1s to 1h, such as 15m`);
  const { token_secret: secret } = loadConfig({ file: config }).debug;
  if (secret === undefined)
    throw new UsageError(
      'debug.token_secret is not set in the config. Gateways accept only tokens that are signed with it.',
    );
  process.stdout.write(`${await signDebugToken(secret, seconds)}\n`);
}
