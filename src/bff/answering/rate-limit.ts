import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientInfo } from '../../client/identity.ts';
import { rateLimitHeaders } from '../../policy/rate-limits/headers.ts';
import { isAllowed, type LimitCheck, type LimitDecisions } from '../../policy/rate-limits/limiter.ts';
import { requestRefused, retryAfterHeader } from '../../policy/rate-limits/refuse.ts';
import { checksFor, createRule, type Rule } from '../../policy/rate-limits/rule.ts';
import type { ProblemDetails } from '../delivery/reply.ts';
import type { ClientSettings } from '../endpoints/client-file.ts';
import type { BffContext } from './call.ts';

type RateLimit = NonNullable<ClientSettings['rate_limit']>;

const rules = new WeakMap<RateLimit, Rule>();

/** Counts a request to a client's endpoints, and says in its headers what is left, unless such headers are off. */
export function countRequest(
  { limiter, limitHeaders }: Pick<BffContext, 'limiter' | 'limitHeaders'>,
  client: string,
  rate: RateLimit,
  facts: ClientInfo | undefined,
  { headers }: IncomingMessage,
  res: ServerResponse,
): ProblemDetails | undefined | Promise<ProblemDetails | undefined> {
  const whole = checksFor([ruleOf(client, rate)], { ...facts, headers });
  const answer = limiter.check({ whole, parts: [] });
  const headed = limitHeaders ? res : undefined;
  return answer instanceof Promise ? answer.then((told) => tell(whole, told, headed)) : tell(whole, answer, headed);
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

function tell(whole: readonly LimitCheck[], answer: LimitDecisions, res?: ServerResponse): ProblemDetails | undefined {
  const counted = answer.unavailable !== true;
  if (counted && res) addHeaders(res, rateLimitHeaders(whole, answer.whole));
  if (counted && isAllowed(answer.whole)) return undefined;
  const refused = requestRefused(whole, answer);
  const kind = counted ? 'rate-limited' : 'service-unavailable';
  return { status: refused.status, kind, detail: refused.message, headers: retryAfterHeader(refused) };
}

/** Beside those of `rate_limits`, which the response may bear already: both are lists. */
function addHeaders(res: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) {
    const known = res.getHeader(name);
    res.setHeader(name, known === undefined ? (headers[name] ?? '') : `${known}, ${headers[name]}`);
  }
}
