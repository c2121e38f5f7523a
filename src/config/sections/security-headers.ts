import * as z from 'zod';
import { duration } from '../duration.ts';

export const securityHeadersSection = z
  .strictObject({
    enabled: z.boolean().default(true),
    frame_options: z
      .enum(['DENY', 'SAMEORIGIN', 'none'])
      .default('DENY')
      .describe('Which sites may show GraphiQL in a frame; pages under /bff can never be framed'),
    referrer_policy: z.string().default('no-referrer'),
    hsts: z
      .strictObject({
        max_age: duration.prefault('365d'),
        include_subdomains: z.boolean().default(false),
        preload: z.boolean().default(false),
      })
      .prefault({})
      .describe('Strict-Transport-Security, sent if the gateway itself serves TLS'),
  })
  .describe('Security headers of every response; X-Content-Type-Options: nosniff is always among them');

export type SecurityHeadersConfig = z.output<typeof securityHeadersSection>;
