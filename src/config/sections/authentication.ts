import * as z from 'zod';
import { duration, durationOrZero } from '../duration.ts';
import { cookieName, headerName } from '../header.ts';
import { jwksSection } from './jwks.ts';
import { subgraphAuthenticationSection } from './subgraph-authentication.ts';

const tokenSource = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('header'),
    name: headerName,
    value_prefix: z.string().default('Bearer'),
  }),
  z.strictObject({ type: z.literal('cookie'), name: cookieName }),
]);

export type TokenSource = z.output<typeof tokenSource>;

const jwt = z
  .strictObject({
    header_name: headerName.prefault('authorization').describe('The header that holds the token'),
    header_value_prefix: z.string().default('Bearer').describe('The text before the token; may be empty'),
    ignore_other_prefixes: z
      .boolean()
      .default(false)
      .describe('Whether a header with another prefix (`Basic …`) is ignored; otherwise the response is 401'),
    sources: z
      .array(tokenSource)
      .default([])
      .describe('Other places of a token, in order: `{type: header, name, value_prefix}` or `{type: cookie, name}`'),
    jwks: z.array(jwksSection).default([]).describe('Keys that verify tokens, one entry per issuer'),
    max_token_bytes: z.int().positive().default(8_192).describe('A longer token is rejected with 401'),
    cache_entries: z.int().min(0).default(10_000).describe('Number of verified tokens in the cache'),
  })
  .describe('JSON Web Tokens');

const clientCertificate = z
  .strictObject({
    identity: z
      .enum(['subject', 'common_name', 'san_uri', 'san_dns', 'san_email'])
      .default('subject')
      .describe('The name in the certificate that identifies the client'),
    header: headerName
      .optional()
      .describe(
        'The header in which a proxy that terminates TLS passes the certificate, as in RFC 9440, as URL-encoded PEM, or as ' +
          'x-forwarded-client-cert; read only from trusted_proxies',
      ),
  })
  .describe('Clients that authenticate with a certificate (mTLS, see tls.supergraph)');

export type ClientCertificateSettings = z.output<typeof clientCertificate>;

const failedAttempts = z
  .strictObject({
    limit: z.int().positive().default(20).describe('Bad credentials that one address may send per window'),
    window: duration.prefault('1m'),
  })
  .describe(
    'Addresses with more bad credentials get 429 for the rest of the window; all workers of one machine count together',
  );

export const authenticationSection = z
  .strictObject({
    require_authentication: z
      .boolean()
      .default(false)
      .describe('Whether requests without a credential get 401; otherwise they are anonymous'),
    clock_tolerance: durationOrZero.prefault('5s').describe('Accepted clock skew of issuers'),
    required_claims: z.array(z.string().min(1)).default([]).describe('Claims that every token must have'),
    cookie: cookieName.optional().describe('A cookie that may hold the token'),
    router: z.strictObject({ jwt: jwt.prefault({}) }).prefault({}),
    client_certificate: clientCertificate.optional(),
    failed_attempts: failedAttempts.optional(),
    subgraph: subgraphAuthenticationSection.optional(),
  })
  .describe('How clients authenticate, and how the gateway does to subgraphs');

export type AuthenticationSettings = z.output<typeof authenticationSection>;
