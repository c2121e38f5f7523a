import * as z from 'zod';
import { duration } from '../duration.ts';
import { httpUrl } from '../http-url.ts';
import { oauthClient } from '../oauth-client.ts';

const endpoint = z.strictObject({
  url: httpUrl('`client_id` and `client_secret`'),
  ...oauthClient,
  issuer: z.string().min(1).optional(),
  audience: z.string().min(1).optional(),
  timeout: duration.prefault('2s'),
  cache: duration.prefault('30s'),
  negative_cache: duration.prefault('10s'),
});

export const introspectionEndpointsSection = z
  .array(endpoint)
  .describe(
    'Endpoints for the introspection of opaque tokens (RFC 7662), tried in order: `url`, `client_id`, `client_secret`, `client_auth`, ' +
      '`issuer`, `audience`, `timeout`, and how long results are cached: `cache` (30s), `negative_cache` (10s)',
  );

export type IntrospectionEndpoint = z.output<typeof endpoint>;
