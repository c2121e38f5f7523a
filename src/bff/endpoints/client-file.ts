import * as z from 'zod';
import { readYamlFile, type YamlFileRead } from '../../config/config-file.ts';
import { duration } from '../../config/duration.ts';
import type { Env } from '../../config/expand.ts';
import {
  forwardableName,
  headerName,
  headerNameOrAll,
  headerValue,
  literalWildcards,
  requestHeaderName,
} from '../../config/header.ts';
import { originOrAll } from '../../config/origin.ts';
import { unreadableHeader } from './check-names.ts';

/** The file of a client: `bff/CLIENT/client.yaml`. */
export const CLIENT_FILE = 'client.yaml';

const added = (name: typeof headerName) =>
  z.record(name, headerValue).default({}).describe('Set, also over what is there');

const requestRules = z
  .strictObject({
    add: added(requestHeaderName),
    strip: z.array(headerName).default([]).describe('Taken away'),
  })
  .prefault({})
  .describe('What sources are told of the client’s headers');

const responseRules = z
  .strictObject({ add: added(forwardableName) })
  .prefault({})
  .describe('What the client is told');

/** A request header that answers can vary by. */
const varyName = headerName.refine((name) => unreadableHeader(name) === undefined, {
  error: ({ input }) => `answers cannot vary by it: ${unreadableHeader(String(input))}`,
});

/** A day or an instant, as epoch milliseconds. */
const instant = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), 'expected a date such as "2026-06-30" or "2026-06-30T12:00:00Z"')
  .transform((text) => Date.parse(text));

const deprecation = {
  deprecated: instant.optional().describe('Since when it is deprecated: the Deprecation header (RFC 9745)'),
  sunset: instant.optional().describe('When it ends: the Sunset header (RFC 8594)'),
  // as a header has it: encoded, within Latin-1
  link: z
    .url('expected a URL')
    .transform((link) => new URL(link).href)
    .optional()
    .describe('Where the change is explained: a Link header'),
};

const auth = z
  .strictObject({
    required: z.boolean().default(true).describe('Whether anonymous requests are answered 401'),
    kinds: z
      .array(z.enum(['jwt', 'api_key', 'opaque', 'certificate', 'session']))
      .optional()
      .describe('Which kinds of credentials count; all by default'),
    scopes: z.array(z.string()).default([]).describe('Scopes that each request needs, all of them'),
  })
  .describe('Who may call the endpoints of this client');

const cache = z
  .strictObject({
    max_age: duration.optional(),
    s_max_age: duration.optional(),
    scope: z.enum(['public', 'private']).optional(),
    stale_while_revalidate: duration.optional(),
    stale_if_error: duration.optional(),
    vary: z.array(varyName).default([]),
  })
  .describe('How long answers of GET endpoints hold that say nothing of their own');

const rateLimit = z
  .strictObject({
    limit: z.int().positive(),
    window: duration.prefault('1m'),
    by: z.enum(['client', 'ip', 'user', 'global']).default('client'),
  })
  .describe('How many requests the endpoints of this client answer');

const cors = z
  .strictObject({
    origins: z.array(originOrAll).min(1),
    credentials: z.boolean().default(false),
    allow_headers: z
      .array(headerNameOrAll)
      .optional()
      .describe('By default, and where empty, those that the browser asks for'),
    expose_headers: z.array(headerNameOrAll).default([]),
    max_age: duration.prefault('1h').describe('How long browsers keep the answer to a preflight request'),
  })
  .refine(({ origins, credentials }) => !(credentials && origins.includes('*')), {
    message: 'credentials cannot go to every origin; name the origins',
  })
  .superRefine(({ credentials, ...lists }, context) => {
    if (credentials) for (const issue of literalWildcards(lists)) context.addIssue(issue);
  })
  .describe('Which web pages may call the endpoints; in place of the policies of headgate.yaml');

const openapi = z
  .strictObject({
    title: z.string().min(1).optional(),
    version: z.string().min(1).optional(),
    description: z.string().min(1).optional(),
  })
  .describe('What the OpenAPI document of this client says, over bff.openapi');

export const clientFileSchema = z
  .strictObject({
    auth: auth.optional(),
    rate_limit: rateLimit.optional(),
    limits: z
      .strictObject({
        timeout: duration.optional().describe('How long one request may take; over traffic_shaping.router.timeout'),
        max_request_bytes: z.int().positive().optional().describe('Largest request body'),
      })
      .prefault({}),
    cors: cors.optional(),
    headers: z.strictObject({ request: requestRules, response: responseRules }).prefault({}),
    cache: cache.optional(),
    openapi: openapi.optional(),
    versions: z
      .record(
        z.string().regex(/^v\d+$/, 'expected a version such as "v2"'),
        z.strictObject({
          enabled: z.boolean().default(true).describe('false: its endpoints are answered 410'),
          ...deprecation,
        }),
      )
      .default({})
      .describe('What is to be said of the versions in folders `v1/`, `v2/`… beside this file'),
    ...deprecation,
  })
  .describe('Settings of one client, for all of its endpoints');

/** Settings of one client; durations in milliseconds, header names in lower case. */
export type ClientSettings = z.output<typeof clientFileSchema>;

export const NO_CLIENT_FILE: ClientSettings = clientFileSchema.parse({});

export function readClientFile(file: string, text: string, env: Env): YamlFileRead<ClientSettings> {
  return readYamlFile(file, text, env, clientFileSchema);
}
