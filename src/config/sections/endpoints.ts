import * as z from 'zod';
import { readSubgraphUrl } from '../../shared/subgraph-url.ts';
import { duration, timerDuration } from '../duration.ts';
import { share } from '../share.ts';

export const subgraphUrl = z.string().superRefine((text, context) => {
  const address = readSubgraphUrl(text);
  if (typeof address === 'string') context.addIssue({ code: 'custom', message: address });
});

const endpoint = z.strictObject({
  url: subgraphUrl.describe('`http://`, `https://` or `unix:///SOCKET?path=/PATH`'),
  weight: z
    .int()
    .positive()
    .max(1_000_000)
    .default(1)
    .describe('Its share of requests, relative to the weights of the others'),
  priority: z
    .int()
    .min(0)
    .default(0)
    .describe('URLs with a larger number are used only while none with a smaller one is available'),
});

/** Several URLs. No two are the same. */
export const endpointsSection = z
  .array(endpoint)
  .min(1)
  .superRefine((endpoints, context) => {
    const known = new Set<string>();
    for (const [at, { url }] of endpoints.entries()) {
      const href = URL.canParse(url) ? new URL(url).href : url;
      if (known.has(href))
        context.addIssue({ code: 'custom', path: [at, 'url'], message: 'is listed twice; use `weight` instead' });
      known.add(href);
    }
  })
  .describe('Several URLs that serve the same schema, instead of `url`');

export type EndpointSection = z.output<typeof endpointsSection>;

/** The keys that `hash_by` may name, with a name behind the colon. */
const HASH_BY = /^(?:client|user|ip|(?:claim|cookie):[^\s:;=]+|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/;

export const loadBalancingSection = z
  .strictObject({
    policy: z
      .enum(['round_robin', 'least_requests', 'consistent_hash'])
      .default('round_robin')
      .describe('How a URL is chosen for each request'),
    hash_by: z
      .string()
      .regex(HASH_BY, 'expected "client", "user", "ip", "header:NAME", "claim:NAME" or "cookie:NAME"')
      .optional()
      .describe(
        'With `consistent_hash`: requests that agree in it go to the same URL. `client`, `user`, `ip`, `header:NAME`, `claim:NAME` or `cookie:NAME`',
      ),
    slow_start: duration
      .optional()
      .describe(
        'How long the share of a URL rises after it has come back into use. Default: it has its full share at once',
      ),
  })
  .superRefine(({ policy, hash_by }, context) => {
    const hashes = policy === 'consistent_hash';
    if (hashes && hash_by === undefined)
      context.addIssue({ code: 'custom', path: ['hash_by'], message: 'is needed with `policy: consistent_hash`' });
    if (!hashes && hash_by !== undefined)
      context.addIssue({ code: 'custom', path: ['hash_by'], message: `has no effect with \`policy: ${policy}\`` });
  })
  .describe('How requests are spread over `urls`');

export const outlierDetectionSection = z
  .strictObject({
    consecutive_failures: z
      .int()
      .positive()
      .default(5)
      .describe('How many failures in a row take a URL out of use: no connection, timeouts, 5xx, malformed responses'),
    interval: duration
      .prefault('10s')
      .describe('For each interval that a URL stays in use, its next ejection is a step shorter'),
    ejection_time: duration
      .prefault('30s')
      .describe('How long a URL is not used the first time; the second time twice as long, up to ten times'),
    max_ejected: share
      .prefault('70%')
      .describe('The largest share of the URLs that is ejected at once; never the last one'),
  })
  .describe('Passive health checks of `urls`');

export const endpointHealthCheckSection = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/\S*$/, 'expected a path such as "/health"')
      .optional()
      .describe('Checks send `GET` to this path of each URL. Without it, they send the query `{ __typename }`'),
    interval: timerDuration.prefault('10s').describe('How long after a check the next one follows'),
    timeout: timerDuration.prefault('2s').describe('Timeout of a check; after it, the check has failed'),
    healthy: z.int().positive().default(2).describe('How many checks in a row put a URL back into use'),
    unhealthy: z.int().positive().default(3).describe('How many failed checks in a row take a URL out of use'),
  })
  .describe('Active health checks of `urls`, by each process');
