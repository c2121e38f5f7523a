import * as z from 'zod';
import { duration } from '../duration.ts';
import { rateLimitMistakes } from '../rate-limit-settings.ts';

const ALGORITHMS = ['TOKEN_BUCKET', 'SLIDING_WINDOW', 'FIXED_WINDOW', 'LEAKY_BUCKET'] as const;

const settings = z.strictObject({
  limit: z.int().describe('The quota of a window'),
  window: z.string().default('1m').describe('The length of a window: "10s", "1m", "1h"'),
  burst: z
    .int()
    .optional()
    .describe(
      'TOKEN_BUCKET: the largest burst (default: `limit`). LEAKY_BUCKET: how many may wait (default: those of one second)',
    ),
  by: z
    .array(z.string())
    .default(['client'])
    .describe(
      'What is counted separately: client, ip, user, claim:NAME, header:NAME, global; for fields also arg:PATH',
    ),
  algorithm: z.enum(ALGORITHMS).default('TOKEN_BUCKET'),
  name: z.string().optional().describe('The name for clients in RateLimit-Policy'),
});

type Settings = z.output<typeof settings>;

/** Reports each mistake at its key. */
function checkField(value: Settings, context: z.RefinementCtx): void {
  for (const { argument, message } of rateLimitMistakes(value)) {
    context.addIssue({ code: 'custom', message, path: [argument] });
  }
}

function checkRequest(value: Settings, context: z.RefinementCtx): void {
  checkField(value, context);
  if (!value.by.some((key) => key.startsWith('arg:'))) return;
  const message = '"arg:" needs the argument of a field: use it in rate_limits.fields.';
  context.addIssue({ code: 'custom', message, path: ['by'] });
}

const plans = z
  .array(z.string())
  .min(1)
  .optional()
  .describe('Only for clients whose API key has one of these plans; default: all clients');

const weight = z
  .enum(['request', 'cost'])
  .default('request')
  .describe('What counts: each request as one, or the cost that demand control estimates for it');

const fieldLimit = settings.superRefine(checkField);
const operationLimit = settings.extend({ weight }).superRefine(checkRequest);
const requestLimit = settings.extend({ plans, weight }).superRefine(checkRequest);
const subgraphLimit = settings.extend({ by: z.array(z.string()).default(['global']) }).superRefine(checkRequest);

export const rateLimitsSection = z
  .strictObject({
    requests: z.array(requestLimit).default([]).describe('Limits of whole requests; beyond them the response is 429'),
    operations: z
      .record(z.string(), z.array(operationLimit))
      .default({})
      .describe('Limits of whole requests for one operation, by its name'),
    fields: z
      .record(
        z.string().regex(/^[_A-Za-z]\w*(?:\.[_A-Za-z]\w*)?$/, 'expected "Type" or "Type.field"'),
        z.array(fieldLimit),
      )
      .default({})
      .describe('Limits of fields and types, instead of @rateLimit in schemas; an empty list removes the limit'),
    subgraphs: z
      .record(z.string(), z.array(subgraphLimit))
      .default({})
      .describe('Limits of the fetches from one subgraph, by its name; by default for all clients together'),
    mode: z
      .enum(['enforce', 'measure'])
      .default('enforce')
      .describe(
        'measure: no request is rejected, and responses have no RateLimit headers; metrics count what enforce would reject (client.yaml included)',
      ),
    store: z
      .enum(['memory', 'redis'])
      .optional()
      .describe(
        'Where requests are counted. Default: redis if store.redis is set, else memory (all workers of one machine together)',
      ),
    on_store_failure: z
      .enum(['fail_open', 'fail_closed'])
      .default('fail_open')
      .describe(
        'While Redis is unavailable: fail_open counts in each process, fail_closed rejects requests with a limit',
      ),
    store_timeout: duration
      .optional()
      .describe('How long to wait for Redis. Default: 50ms, but store.redis.required_timeout with fail_closed'),
    headers: z
      .boolean()
      .default(true)
      .describe('Whether responses have RateLimit-Policy and RateLimit, also for limits of client.yaml'),
  })
  .describe('How many requests clients may send; see docs/policies.md');

export type RateLimitsConfig = z.output<typeof rateLimitsSection>;
