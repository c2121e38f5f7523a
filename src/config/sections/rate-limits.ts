import * as z from 'zod';
import { duration } from '../duration.ts';
import { rateLimitMistakes } from '../rate-limit-settings.ts';

const ALGORITHMS = ['TOKEN_BUCKET', 'SLIDING_WINDOW', 'FIXED_WINDOW', 'LEAKY_BUCKET'] as const;

const settings = z.strictObject({
  limit: z.int().describe('So many in a window'),
  window: z.string().default('1m').describe('How long a window is: "10s", "1m", "1h"'),
  burst: z
    .int()
    .optional()
    .describe(
      'TOKEN_BUCKET: so many at once (default: `limit`). LEAKY_BUCKET: so many wait (default: those of one second)',
    ),
  by: z
    .array(z.string())
    .default(['client'])
    .describe('What it goes by: client, ip, user, claim:NAME, header:NAME, global; for fields also arg:PATH'),
  algorithm: z.enum(ALGORITHMS).default('TOKEN_BUCKET'),
  name: z.string().optional().describe('What clients see it called in RateLimit-Policy'),
});

type Settings = z.output<typeof settings>;

/** Tells each mistake at the key that it is about. */
function checkField(value: Settings, context: z.RefinementCtx): void {
  for (const { argument, message } of rateLimitMistakes(value)) {
    context.addIssue({ code: 'custom', message, path: [argument] });
  }
}

function checkRequest(value: Settings, context: z.RefinementCtx): void {
  checkField(value, context);
  if (!value.by.some((key) => key.startsWith('arg:'))) return;
  const message = '"arg:" goes by an argument of a field: it belongs into rate_limits.fields.';
  context.addIssue({ code: 'custom', message, path: ['by'] });
}

const plans = z
  .array(z.string())
  .min(1)
  .optional()
  .describe('Only for clients whose API key was sold under one of these plans; without it for all');

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
    requests: z.array(requestLimit).default([]).describe('Limits of whole requests; over one of them is answered 429'),
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
      .describe('Limits of fields and types, in place of what @rateLimit says there; an empty list takes it away'),
    subgraphs: z
      .record(z.string(), z.array(subgraphLimit))
      .default({})
      .describe('Limits of the fetches from one subgraph, by its name; by default for all clients together'),
    mode: z
      .enum(['enforce', 'measure'])
      .default('enforce')
      .describe(
        'measure: no request is refused, and responses have no headers about limits; the metrics count what enforce would refuse (client.yaml included)',
      ),
    store: z
      .enum(['memory', 'redis'])
      .optional()
      .describe(
        'Where it is counted. Default: redis where store.redis is set, else memory (all workers of one machine together)',
      ),
    on_store_failure: z
      .enum(['fail_open', 'fail_closed'])
      .default('fail_open')
      .describe('While Redis is away: fail_open counts in each process, fail_closed refuses what has a limit'),
    store_timeout: duration
      .optional()
      .describe(
        'How long the decision of Redis is waited for. Default: 50ms, but store.redis.required_timeout with fail_closed',
      ),
    headers: z
      .boolean()
      .default(true)
      .describe('Whether answers bear RateLimit-Policy and RateLimit, those of client.yaml included'),
  })
  .describe('How often clients may ask; see docs/policies.md');

export type RateLimitsConfig = z.output<typeof rateLimitsSection>;
