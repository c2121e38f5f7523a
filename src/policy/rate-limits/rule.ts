import { parseDuration } from '../../config/duration.ts';
import type { RateLimitSettings } from '../../config/rate-limit-settings.ts';
import { type Arguments, joinKey, type KeyPart, keyPart, type Requester } from './keys.ts';
import type { Algorithm, Limit } from './limit.ts';
import type { LimitCheck } from './limiter.ts';

/** A limit and whose it is. */
export interface Rule {
  readonly limit: Limit;
  /** As people wrote it: `client`, `arg:id`, … */
  readonly by: readonly string[];
  /** The meter of a request. Rules of the same id share their meters. */
  key(requester: Requester, args: Arguments | undefined): string;
}

/**
 * @param kind what is limited, so that limits of the same name on different things do not meet: `field`, `request`, …
 * @param name for those that people gave none
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

/** Those that wait in a leaky bucket wait for about a second at most, unless `burst` says otherwise. */
function capacityOf(algorithm: string, limit: number, windowMs: number, burst: number | undefined): number {
  if (algorithm === 'LEAKY_BUCKET') return 1 + (burst ?? Math.max(1, Math.floor((limit * 1_000) / windowMs)));
  return algorithm === 'TOKEN_BUCKET' ? (burst ?? limit) : limit;
}

/** The checks of a request for some rules, those that share a meter taken together. */
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
