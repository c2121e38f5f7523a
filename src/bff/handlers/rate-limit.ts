import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientInfo } from '../../client/identity.ts';
import type { ProblemDetails } from '../../http/problem.ts';
import { rateLimitHeaders } from '../../policy/rate-limits/headers.ts';
import { isAllowed, type LimitCheck, type LimitDecisions } from '../../policy/rate-limits/limiter.ts';
import { requestRefused, retryAfterHeader } from '../../policy/rate-limits/refuse.ts';
import { checksFor, createRule, type Rule } from '../../policy/rate-limits/rule.ts';
import type { ClientSettings } from '../endpoints/client-file.ts';
import type { BffContext } from './call.ts';

type RateLimit = NonNullable<ClientSettings['rate_limit']>;

const rules = new WeakMap<RateLimit, Rule>();

/**
 * Counts a request against a client's `rate_limit` and sets `RateLimit` headers, unless these are off.
 * @returns the problem where the limit is exceeded
 */
export function countRequest(
  { limiter, limitHeaders }: Pick<BffContext, 'limiter' | 'limitHeaders'>,
  client: string,
  rate: RateLimit,
  facts: ClientInfo | undefined,
  { headers }: IncomingMessage,
  res: ServerResponse,
): ProblemDetails | undefined | Promise<ProblemDetails | undefined> {
  const whole = checksFor([ruleOf(client, rate)], { ...facts, headers });
  const decisions = limiter.check({ whole, parts: [] });
  const conclude = (decided: LimitDecisions) => toProblem(whole, decided, limitHeaders ? res : undefined);
  return decisions instanceof Promise ? decisions.then(conclude) : conclude(decisions);
}

function ruleOf(client: string, rate: RateLimit): Rule {
  let rule = rules.get(rate);
  if (rule === undefined) {
    const { limit, window, by } = rate;
    rule = createRule('bff', { limit, window: `${window}ms`, by: [by], algorithm: 'TOKEN_BUCKET' }, client);
    rules.set(rate, rule);
  }
  return rule;
}

function toProblem(
  whole: readonly LimitCheck[],
  decisions: LimitDecisions,
  res?: ServerResponse,
): ProblemDetails | undefined {
  const counted = decisions.unavailable !== true;
  if (counted && res) addHeaders(res, rateLimitHeaders(whole, decisions.whole));
  if (counted && isAllowed(decisions.whole)) return undefined;
  const refused = requestRefused(whole, decisions);
  const kind = counted ? 'rate-limited' : 'service-unavailable';
  return { status: refused.status, kind, detail: refused.message, headers: retryAfterHeader(refused) };
}

/** Appends to the headers of `rate_limits` that the response may already have: both are lists. */
function addHeaders(res: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) {
    const known = res.getHeader(name);
    res.setHeader(name, known === undefined ? (headers[name] ?? '') : `${known}, ${headers[name]}`);
  }
}
