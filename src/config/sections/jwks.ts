import * as z from 'zod';
import { duration, timerDuration } from '../duration.ts';
import { headerName, headerValue } from '../header.ts';
import { hasNoCredentials } from '../http-url.ts';

/** Signature algorithms with a public key (RFC 7518, section 3.1; RFC 8037; RFC 9864). */
export const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

/** Signature algorithms with a shared secret. */
export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;

/** A key must be as long as the hash of HS256, or longer (RFC 7518, section 3.2). */
const SHORTEST_SECRET = 32;

const names = z.array(z.string().min(1)).min(1);

const issuerFields = {
  url: z
    .string()
    .regex(/^(?:https?:\/\/|file:\/\/\/)\S+$/, 'expected an http:// or https:// URL, or file:/// with an absolute path')
    .refine(hasNoCredentials, 'expected a URL without user name and password; set `headers` instead')
    .optional()
    .describe('The URL of the key set'),
  file: z.string().min(1).optional().describe('A file with the key set (JSON); changes are picked up'),
  keys: z
    .array(z.looseObject({ kty: z.string() }))
    .optional()
    .describe('The keys themselves, as JWKs'),
  secret: z
    .string()
    .min(SHORTEST_SECRET, `expected ${SHORTEST_SECRET} characters or more: a shorter secret can be guessed`)
    .optional()
    .describe('For HS256, HS384 and HS512'),
  issuer: z.string().min(1).optional().describe('The required value of `iss`'),
  issuers: names.optional().describe('Allowed values of `iss`'),
  audience: z.string().min(1).optional().describe('The value that `aud` must contain'),
  audiences: names.optional().describe('Values of which `aud` must contain one'),
  algorithms: z
    .array(z.enum([...PUBLIC_KEY_ALGORITHMS, ...SECRET_ALGORITHMS]))
    .min(1)
    .optional()
    .describe('Accepted signature algorithms. Default: all for public keys, or HS256 to HS512 for a secret'),
  require_expiration: z
    .boolean()
    .default(true)
    .describe('Whether a token without `exp` is rejected; it would stay valid forever'),
  types: names
    .optional()
    .describe(
      'Allowed values of `typ` in the header of a token, in any case, with or without `application/`. Default: `JWT`, `at+jwt` or no `typ`',
    ),
  poll_interval: timerDuration.prefault('5m').describe('Time between fetches of a key set at a URL'),
  max_age: duration
    .prefault('24h')
    .describe('How long a key set from a URL stays in use if it cannot be fetched again; after that, tokens get 503'),
  cooldown: duration.prefault('30s').describe('Minimum time between fetches that tokens with an unknown key cause'),
  timeout: duration.prefault('5s').describe('Time limit of one fetch of the key set'),
  headers: z
    .array(z.strictObject({ name: headerName, value: headerValue }))
    .default([])
    .describe('Headers of the request for the key set'),
};

const ORIGINS = ['url', 'file', 'keys', 'secret'] as const;

/** One issuer: its keys, and what its tokens must contain. */
export const jwksSection = z
  .strictObject(issuerFields)
  .refine(
    (entry) => ORIGINS.filter((origin) => entry[origin] !== undefined).length === 1,
    'expected one of `url`, `file`, `keys` and `secret`',
  )
  .refine((entry) => entry.issuer === undefined || entry.issuers === undefined, 'expected `issuer` or `issuers`')
  .refine(
    (entry) => entry.audience === undefined || entry.audiences === undefined,
    'expected `audience` or `audiences`',
  )
  .refine(({ poll_interval, max_age }) => max_age > poll_interval, {
    path: ['max_age'],
    message: 'expected more than `poll_interval`: otherwise a key set expires before it is fetched again',
  })
  .refine(fitsItsKeys, {
    path: ['algorithms'],
    message: 'HS256, HS384 and HS512 need `secret`, all others need public keys: a public key is no secret',
  });

function fitsItsKeys(entry: { secret?: string | undefined; algorithms?: readonly string[] | undefined }): boolean {
  const family: readonly string[] = entry.secret === undefined ? PUBLIC_KEY_ALGORITHMS : SECRET_ALGORITHMS;
  return (entry.algorithms ?? []).every((algorithm) => family.includes(algorithm));
}

export type JwksSettings = z.output<typeof jwksSection>;
