import * as z from 'zod';
import { duration, durationOrZero } from '../duration.ts';
import { headerName } from '../header.ts';
import { jwksSection } from './jwks.ts';

const tokenSource = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('header'),
    name: headerName,
    value_prefix: z.string().default('Bearer'),
  }),
  z.strictObject({ type: z.literal('cookie'), name: z.string().min(1) }),
]);

export type TokenSource = z.output<typeof tokenSource>;

const jwt = z
  .strictObject({
    header_name: headerName.prefault('authorization').describe('The header that holds the token'),
    header_value_prefix: z.string().default('Bearer').describe('What stands before the token; may be empty'),
    ignore_other_prefixes: z
      .boolean()
      .default(false)
      .describe('Whether a header with another prefix (`Basic …`) counts as none; otherwise it is answered 401'),
    sources: z
      .array(tokenSource)
      .default([])
      .describe('Where else a token may be, in order: `{type: header, name, value_prefix}` or `{type: cookie, name}`'),
    jwks: z.array(jwksSection).default([]).describe('Keys by which tokens are verified, one entry for each issuer'),
    max_token_bytes: z.int().positive().default(8_192).describe('A longer token is answered 401 unread'),
    cache_entries: z.int().min(0).default(10_000).describe('Verified tokens that are remembered until they expire'),
  })
  .describe('JSON Web Tokens');

const clientCertificate = z
  .strictObject({
    identity: z
      .enum(['subject', 'common_name', 'san_uri', 'san_dns', 'san_email'])
      .default('subject')
      .describe('What of the certificate names the client'),
    header: headerName
      .optional()
      .describe(
        'The header in which a proxy that ends TLS passes the certificate on, as in RFC 9440, as URL-encoded PEM, or as ' +
          'x-forwarded-client-cert does; it is read only from trusted_proxies',
      ),
  })
  .describe('Clients that are known by their certificate (mTLS, see tls.supergraph)');

export type ClientCertificateSettings = z.output<typeof clientCertificate>;

const failedAttempts = z
  .strictObject({
    limit: z.int().positive().default(20).describe('Bad credentials from one address in a window'),
    window: duration.prefault('1m'),
  })
  .describe(
    'Addresses with more bad credentials are answered 429 for the rest of the window; all workers of one machine count together',
  );

export const authenticationSection = z
  .strictObject({
    require_authentication: z
      .boolean()
      .default(false)
      .describe('Whether requests without a credential are answered 401; otherwise they are anonymous'),
    clock_tolerance: durationOrZero.prefault('5s').describe('How far the clocks of issuers may be off'),
    required_claims: z.array(z.string().min(1)).default([]).describe('Claims that every token must have'),
    cookie: z.string().min(1).optional().describe('A cookie that may hold the token'),
    router: z.strictObject({ jwt: jwt.prefault({}) }).prefault({}),
    client_certificate: clientCertificate.optional(),
    failed_attempts: failedAttempts.optional(),
  })
  .describe('Who asks');

export type AuthenticationSettings = z.output<typeof authenticationSection>;
