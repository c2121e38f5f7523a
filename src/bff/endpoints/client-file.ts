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
  z.record(name, headerValue).default({}).describe('Headers to set; they replace existing ones');

const requestRules = z
  .strictObject({
    add: added(requestHeaderName),
    strip: z.array(headerName).default([]).describe('Headers to remove'),
  })
  .prefault({})
  .describe('Changes to the client’s request headers before sources receive them');

const responseRules = z
  .strictObject({ add: added(forwardableName) })
  .prefault({})
  .describe('Changes to the headers of responses');

/** A request header that responses can vary by. */
const varyName = headerName.refine((name) => unreadableHeader(name) === undefined, {
  error: ({ input }) => `expected the name of a request header: ${unreadableHeader(String(input))}`,
});

/** A date or an instant; read as milliseconds since 1970. */
const instant = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), 'expected a date such as "2026-06-30" or "2026-06-30T12:00:00Z"')
  .transform((text) => Date.parse(text));

const deprecation = {
  deprecated: instant.optional().describe('Date of deprecation: the Deprecation header (RFC 9745)'),
  sunset: instant.optional().describe('Date of removal: the Sunset header (RFC 8594)'),
  // header values are percent-encoded, within Latin-1
  link: z
    .url('expected a URL such as "https://shop.example/changes"')
    .transform((link) => new URL(link).href)
    .optional()
    .describe('URL that explains the change: a Link header'),
};

const auth = z
  .strictObject({
    required: z.boolean().default(true).describe('Whether requests without credentials get a 401'),
    kinds: z
      .array(z.enum(['jwt', 'api_key', 'opaque', 'certificate', 'session', 'plugin']))
      .optional()
      .describe('Accepted kinds of credentials. Default: all'),
    scopes: z.array(z.string()).default([]).describe('Required scopes, all of them'),
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
  .describe('Default cache settings of GET endpoints');

const rateLimit = z
  .strictObject({
    limit: z.int().positive(),
    window: duration.prefault('1m'),
    by: z.enum(['client', 'ip', 'user', 'global']).default('client'),
  })
  .describe('Rate limit of all endpoints of this client');

const cors = z
  .strictObject({
    origins: z.array(originOrAll).min(1),
    credentials: z.boolean().default(false),
    allow_headers: z
      .array(headerNameOrAll)
      .optional()
      .describe('Allowed request headers. Default, also if empty: those that the browser requests'),
    expose_headers: z.array(headerNameOrAll).default([]),
    max_age: duration.prefault('1h').describe('How long browsers cache preflight responses'),
  })
  .refine(({ origins, credentials }) => !(credentials && origins.includes('*')), {
    message: 'credentials cannot be allowed for every origin; list the origins',
  })
  .superRefine(({ credentials, ...lists }, context) => {
    if (credentials) for (const issue of literalWildcards(lists)) context.addIssue(issue);
  })
  .describe('CORS policy of the endpoints; it replaces the policies of headgate.yaml');

const openapi = z
  .strictObject({
    title: z.string().min(1).optional(),
    version: z.string().min(1).optional(),
    description: z.string().min(1).optional(),
  })
  .describe('Settings of this client’s OpenAPI document; they override bff.openapi');

/** Schema of `client.yaml`. */
export const clientFileSchema = z
  .strictObject({
    auth: auth.optional(),
    rate_limit: rateLimit.optional(),
    limits: z
      .strictObject({
        timeout: duration.optional().describe('Timeout of one request; overrides traffic_shaping.router.timeout'),
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
          enabled: z.boolean().default(true).describe('If false, its endpoints respond with 410'),
          ...deprecation,
        }),
      )
      .default({})
      .describe('Settings of the versions in the folders `v1/`, `v2/`… beside this file'),
    ...deprecation,
  })
  .describe('Settings of one client, for all of its endpoints');

/** Settings of one client; durations in milliseconds, header names in lower case. */
export type ClientSettings = z.output<typeof clientFileSchema>;

export const NO_CLIENT_FILE: ClientSettings = clientFileSchema.parse({});

/** Reads a `client.yaml` and checks it against the schema. */
export function readClientFile(file: string, text: string, env: Env): YamlFileRead<ClientSettings> {
  return readYamlFile(file, text, env, clientFileSchema);
}
