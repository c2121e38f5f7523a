import * as z from 'zod';
import { duration } from '../duration.ts';
import { headerName, headerValue } from '../header.ts';

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

/** Those with a secret that both sides know. */
export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;

/** RFC 7518, section 3.2: a key as long as the hash of HS256, or longer. */
const SHORTEST_SECRET = 32;

const names = z.array(z.string().min(1)).min(1);

const issuerFields = {
  url: z
    .string()
    .regex(/^(https?|file):\/\/\S+$/, 'expected an http://, https:// or file:// URL')
    .optional()
    .describe('Where the key set is fetched from'),
  file: z.string().min(1).optional().describe('A file with the key set (JSON); it is watched'),
  keys: z
    .array(z.looseObject({ kty: z.string() }))
    .optional()
    .describe('The keys themselves, as JWKs'),
  secret: z
    .string()
    .min(SHORTEST_SECRET, `expected ${SHORTEST_SECRET} characters or more: a shorter secret can be guessed`)
    .optional()
    .describe('For HS256, HS384 and HS512'),
  issuer: z.string().min(1).optional().describe('What `iss` must be'),
  issuers: names.optional().describe('What `iss` may be'),
  audience: z.string().min(1).optional().describe('What `aud` must have'),
  audiences: names.optional().describe('`aud` must have one of these'),
  algorithms: z
    .array(z.enum([...PUBLIC_KEY_ALGORITHMS, ...SECRET_ALGORITHMS]))
    .min(1)
    .optional()
    .describe('Signature algorithms that are taken. Default: all for public keys, or HS256 to HS512 for a secret'),
  require_expiration: z
    .boolean()
    .default(true)
    .describe('Whether a token without `exp` is refused; it would be good for ever'),
  types: names
    .optional()
    .describe(
      'What `typ` in the header of a token must be, in any case, with or without `application/`. Default: `JWT`, `at+jwt` or none',
    ),
  poll_interval: duration.prefault('5m').describe('How often a key set at a URL is fetched again'),
  max_age: duration
    .prefault('24h')
    .describe(
      'How long the last key set from a URL is used while it cannot be fetched again; after that, tokens are answered 503',
    ),
  cooldown: duration
    .prefault('30s')
    .describe('A token with an unknown key has the set fetched again, but not more often than this'),
  timeout: duration.prefault('5s').describe('How long one fetch of the key set may take'),
  headers: z
    .array(z.strictObject({ name: headerName, value: headerValue }))
    .default([])
    .describe('Headers to fetch the key set with'),
};

const ORIGINS = ['url', 'file', 'keys', 'secret'] as const;

/** One issuer's keys, and what its tokens must say. */
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
    message: 'expected more than `poll_interval`: else a key set is too old before it is fetched again',
  })
  .refine(fitsItsKeys, {
    path: ['algorithms'],
    message: 'HS256, HS384 and HS512 go with `secret`, all others with public keys: a public key is no secret',
  });

function fitsItsKeys(entry: { secret?: string | undefined; algorithms?: readonly string[] | undefined }): boolean {
  const family: readonly string[] = entry.secret === undefined ? PUBLIC_KEY_ALGORITHMS : SECRET_ALGORITHMS;
  return (entry.algorithms ?? []).every((algorithm) => family.includes(algorithm));
}

export type JwksSettings = z.output<typeof jwksSection>;
