import type { ServerResponse } from 'node:http';
import type { ClientFacts } from '../../client/identity.ts';
import type { Limit } from '../../policy/rate-limits/limit.ts';
import type { LimitAnswer, Limiter } from '../../policy/rate-limits/limiter.ts';
import type { ProblemDetails } from '../delivery/reply.ts';
import type { ClientSettings } from '../endpoints/client-file.ts';

type RateLimit = NonNullable<ClientSettings['rate_limit']>;

/** Counts a request to a client's endpoints, and says in its headers what is left. */
export function countRequest(
  limiter: Limiter,
  client: string,
  rate: RateLimit,
  facts: ClientFacts | undefined,
  res: ServerResponse,
): ProblemDetails | undefined | Promise<ProblemDetails | undefined> {
  const limit = limitOf(client, rate);
  const key = `bff:${client}:${rate.by}:${meterOf(rate.by, facts)}`;
  const answer = limiter.ask({ whole: [{ limit, key, weight: 1 }], parts: [] });
  return answer instanceof Promise ? answer.then((told) => tell(limit, told, res)) : tell(limit, answer, res);
}

function limitOf(client: string, { limit, window }: RateLimit): Limit {
  return { name: client, algorithm: 'TOKEN_BUCKET', limit, windowMs: window, capacity: limit };
}

function meterOf(by: RateLimit['by'], facts: ClientFacts | undefined): string {
  const ip = `ip:${facts?.ip ?? ''}`;
  const { identity } = facts ?? {};
  if (by === 'global') return '';
  if (by === 'ip' || identity === undefined) return ip;
  if (by === 'user') return `user:${identity.subject ?? ip}`;
  return `client:${identity.clientId ?? identity.subject ?? ip}`;
}

/** @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ */
function tell(limit: Limit, { whole: [told] }: LimitAnswer, res: ServerResponse): ProblemDetails | undefined {
  if (told === undefined) return undefined;
  res.setHeader('ratelimit-policy', `"${limit.name}";q=${limit.limit};w=${Math.ceil(limit.windowMs / 1000)}`);
  res.setHeader('ratelimit', `"${limit.name}";r=${told.remaining};t=${Math.ceil(told.resetMs / 1000)}`);
  if (told.allowed) return undefined;
  const seconds = String(Math.max(1, Math.ceil(told.retryMs / 1000)));
  const detail = `More than ${limit.limit} requests in ${limit.windowMs / 1000} seconds; try again in ${seconds} s.`;
  return { status: 429, kind: 'rate-limited', detail, headers: { 'retry-after': seconds } };
}
