import { parseDuration } from '../../config/duration.ts';
import type { RateLimitSettings } from '../../config/rate-limit-settings.ts';
import { type Arguments, joinKey, type KeyPart, keyPart, type Requester } from './keys.ts';
import type { Algorithm, Limit } from './limit.ts';
import type { LimitCheck } from './limiter.ts';

/** A limit, and what its meters are keyed by. */
export interface Rule {
  readonly limit: Limit;
  /** As in the config: `client`, `arg:id`, … */
  readonly by: readonly string[];
  /** Returns the key of a request's meter. Rules with the same id share their meters. */
  key(requester: Requester, args: Arguments | undefined): string;
}

/**
 * @param kind what is limited (`field`, `request`, …); limits of different kinds never share meters
 * @param name the name if the settings have none
 */
export function createRule(kind: string, settings: RateLimitSettings, name: string): Rule {
  const limit = limitOf(kind, settings, settings.name ?? name);
  const parts: readonly KeyPart[] = settings.by.map(keyPart);
  const id = `${kind}|${limit.name}|${settings.by.join()}`;
  return {
    limit,
    by: settings.by,
    key: (requester, args) => {
      if (parts.length === 1) return joinKey(id, [(parts[0] as KeyPart)(requester, args)]);
      return joinKey(
        id,
        parts.map((part) => part(requester, args)),
      );
    },
  };
}

function limitOf(kind: string, { limit, window, burst, algorithm }: RateLimitSettings, name: string): Limit {
  const windowMs = parseDuration(window) ?? 0;
  return {
    name,
    kind,
    algorithm: algorithm as Algorithm,
    limit,
    windowMs,
    capacity: capacityOf(algorithm, limit, windowMs, burst),
  };
}

/** Returns the capacity. Without `burst`, a leaky bucket holds requests for about one second. */
function capacityOf(algorithm: string, limit: number, windowMs: number, burst: number | undefined): number {
  if (algorithm === 'LEAKY_BUCKET') return 1 + (burst ?? Math.max(1, Math.floor((limit * 1_000) / windowMs)));
  return algorithm === 'TOKEN_BUCKET' ? (burst ?? limit) : limit;
}

/** Returns the checks of a request for some rules; rules that share a meter give one check. */
export function checksFor(rules: readonly Rule[], requester: Requester, args?: Arguments, weight = 1): LimitCheck[] {
  const checks: LimitCheck[] = [];
  if (rules.length === 1) {
    const [rule] = rules as [Rule];
    return [{ limit: rule.limit, key: rule.key(requester, args), weight }];
  }
  for (const rule of rules) {
    const key = rule.key(requester, args);
    if (!checks.some((known) => known.key === key)) checks.push({ limit: rule.limit, key, weight });
  }
  return checks;
}
