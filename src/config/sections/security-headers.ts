import * as z from 'zod';
import { duration } from '../duration.ts';

export const securityHeadersSection = z
  .strictObject({
    enabled: z.boolean().default(true),
    frame_options: z
      .enum(['DENY', 'SAMEORIGIN', 'none'])
      .default('DENY')
      .describe('Who may show GraphiQL inside a frame; the pages under /bff nobody may'),
    referrer_policy: z.string().default('no-referrer'),
    hsts: z
      .strictObject({
        max_age: duration.prefault('365d'),
        include_subdomains: z.boolean().default(false),
        preload: z.boolean().default(false),
      })
      .prefault({})
      .describe('Strict-Transport-Security, sent where the gateway itself speaks TLS'),
  })
  .describe('Headers of every answer that tell browsers to be careful; X-Content-Type-Options: nosniff is always one');

export type SecurityHeadersConfig = z.output<typeof securityHeadersSection>;
