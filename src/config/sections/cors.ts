import * as z from 'zod';
import { duration } from '../duration.ts';
import { headerNameOrAll, literalWildcards } from '../header.ts';
import { keyText } from '../key-text.ts';
import { originOrAll } from '../origin.ts';
import { unrelatedOrigin } from '../origin-patterns.ts';
import { pattern } from '../pattern.ts';

const methodName = z.string().regex(/^[A-Z][A-Z-]*$/, 'expected the name of a method in capitals, such as "POST"');

const settings = {
  allow_credentials: z.boolean().default(false).describe('Whether browsers may send cookies'),
  methods: z.array(methodName).default(['GET', 'POST', 'OPTIONS']),
  allow_headers: z
    .array(headerNameOrAll)
    .default([])
    .describe('Headers that pages may send; empty allows those that the browser requests'),
  expose_headers: z
    .array(headerNameOrAll)
    .default(['x-request-id', 'retry-after', 'ratelimit', 'ratelimit-policy'])
    .describe('Response headers that pages may read'),
  max_age: duration.optional().describe('How long browsers may cache the result of a preflight'),
};

const policy = z
  .strictObject({
    origins: z.array(originOrAll).default([]).describe('Allowed origins of pages; "*" for all'),
    match_origins: z
      .array(pattern())
      .default([])
      .describe(
        'Regular expressions; one must match the whole origin. With allow_credentials, a pattern that also accepts unrelated origins is an error',
      ),
    paths: z
      .array(z.string().startsWith('/', 'expected a path such as "/graphql"'))
      .default(['/'])
      .describe('Paths with this policy, and everything below them'),
    ...settings,
  })
  .refine(({ origins, allow_credentials }) => !(allow_credentials && origins.includes('*')), {
    path: ['allow_credentials'],
    message: 'credentials cannot be allowed for every origin: name the origins instead of "*"',
  })
  .superRefine(({ match_origins, allow_credentials, ...lists }, context) => {
    if (!allow_credentials) return;
    for (const issue of literalWildcards(lists)) context.addIssue(issue);
    for (const [index, text] of match_origins.entries()) {
      const unrelated = unrelatedOrigin(text);
      if (unrelated === undefined) continue;
      const message = `the pattern also accepts ${unrelated.origin}, which could then act as the user (allow_credentials). ${unrelated.advice}`;
      context.addIssue({ code: 'custom', path: ['match_origins', index], message });
    }
  });

export const corsSection = z
  .strictObject({
    policies: z
      .array(policy)
      .default([])
      .describe(
        'The first policy with a matching path and origin applies; without policies, browsers block other origins',
      ),
  })
  .describe('Which pages of other origins may read responses');

export type CorsConfig = z.output<typeof corsSection>;

/** Returns warnings about patterns that accept unrelated origins. Those could read responses without credentials. */
export function broadOriginPatterns({ policies }: CorsConfig): { path: string[]; message: string }[] {
  return policies.flatMap(({ match_origins }, policy) =>
    match_origins.flatMap((text, index) => {
      const unrelated = unrelatedOrigin(text);
      if (unrelated === undefined) return [];
      const path = ['cors', 'policies', `${policy}`, 'match_origins', `${index}`];
      const key = keyText(['cors', 'policies', policy, 'match_origins', index]);
      const message = `${key}: the pattern also accepts ${unrelated.origin}. ${unrelated.advice}`;
      return [{ path, message }];
    }),
  );
}
