import * as z from 'zod';
import { duration } from '../duration.ts';
import { httpUrl } from '../http-url.ts';
import { oauthClient } from '../oauth-client.ts';

/** The login routes below `/bff/CLIENT/`. Endpoints with these paths are not reachable. */
export const LOGIN_ROUTES = ['login', 'callback', 'logout', 'me', 'backchannel-logout'] as const;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a host is this machine, so that its traffic need not be encrypted (RFC 8252, section 8.3). */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.has(hostname) || hostname.endsWith('.localhost');
}

const origin = z
  .string()
  .refine(isSafeOrigin, 'expected an origin such as "https://shop.example", without a path; http:// only for localhost')
  .transform((text) => new URL(text).origin);

const path = z
  .string()
  .regex(/^\/(?![/\\])[^\\\s]*$/, 'expected a path of this site that begins with one "/", such as "/start"');

const key = z
  .string()
  .refine(
    (text) => Buffer.from(text, 'base64').length === 32,
    'expected 32 random bytes in base64; make them with `openssl rand -base64 32`',
  );

const session = z
  .strictObject({
    idle_timeout: duration.prefault('30m').describe('A session ends after this time without use'),
    lifetime: duration.prefault('12h').describe('A session ends after this time, whether it is used or not'),
    store: z
      .enum(['memory', 'redis'])
      .default('memory')
      .describe('`redis`: in store.redis, encrypted, for all processes together; needs `keys`'),
    max_sessions: z
      .int()
      .positive()
      .default(10_000)
      .describe('With `memory`: most sessions; beyond it, the least recently used one ends'),
    keys: z
      .array(key)
      .default([])
      .describe(
        'Keys of 32 bytes in base64 for AES-256-GCM: the first encrypts, all decrypt. To rotate, put a new one first and ' +
          'remove the old one when `lifetime` has passed',
      ),
  })
  .refine(({ store, keys }) => store === 'memory' || keys.length > 0, {
    path: ['keys'],
    message: 'sessions in Redis are encrypted: set a key; make one with `openssl rand -base64 32`',
  });

/** Parameters of the authorization request that the gateway sets itself. */
const OWN_PARAMETERS =
  /^(client_id|client_secret|redirect_uri|response_type|response_mode|scope|state|nonce|code_challenge|code_challenge_method|request|request_uri)$/;

const client = z.strictObject({
  issuer: httpUrl('`client_id` and `client_secret`').describe(
    'The issuer URL of the OpenID provider; the gateway fetches `/.well-known/openid-configuration` below it',
  ),
  ...oauthClient,
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'expected scopes, each without spaces'))
    .default(['openid'])
    .describe('Requested scopes; `openid` is always added. Many providers need `offline_access` for refresh tokens'),
  authorization_params: z
    .record(
      z.string().refine((name) => !OWN_PARAMETERS.test(name), 'this one is set by the gateway'),
      z.string(),
    )
    .default({})
    .describe('Additional parameters of the authorization request, such as `audience`, `resource` or `prompt`'),
  public_url: origin
    .optional()
    .describe(
      'The URL of the site in browsers: `https://shop.example`. Without it only localhost works, as in development',
    ),
  return_to: path.default('/').describe('Where a login leads without `returnTo`'),
  after_logout: path
    .default('/')
    .describe('Where a logout leads; register it at the provider, with `public_url` before it'),
  error_path: path
    .optional()
    .describe('Where a failed login leads, with `?error=…`. Default: the response is a problem document'),
  claims: z
    .array(z.string().min(1))
    .default(['sub', 'name', 'email'])
    .describe('Claims that /me returns. Those that the ID token lacks are fetched from the userinfo endpoint'),
  csrf: z
    .enum(['header', 'token'])
    .default('header')
    .describe('What unsafe requests need: `x-csrf: 1`, or `x-csrf` with the token that /me returns'),
  allowed_origins: z
    .array(origin)
    .default([])
    .describe('Other origins whose pages may send such requests (see `cors` in client.yaml)'),
  graphql: z.boolean().default(false).describe('Whether the session also applies at /graphql'),
  timeout: duration.prefault('5s').describe('Time limit of one request to the provider'),
  login_timeout: duration.prefault('10m').describe('Time that a user has to log in'),
  session: session.prefault({}),
});

export const loginSection = z
  .record(z.string().regex(/^[A-Za-z0-9_-]+$/, 'expected the name of a folder in bff/'), client)
  .refine((clients) => Object.values(clients).filter(({ graphql }) => graphql).length <= 1, {
    message: 'only one client can have `graphql: true`: a request to /graphql does not say which client it belongs to',
  })
  .describe('Login for browsers, by BFF client: /bff/CLIENT/login, /logout and /me; tokens never leave the gateway');

export type LoginSettings = z.output<typeof client>;

function isSafeOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, search, hash, username } = new URL(text);
  const safe = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  return safe && pathname === '/' && search === '' && hash === '' && username === '';
}
