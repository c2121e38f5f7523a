import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ConfigValueError } from '../../config/config-value-error.ts';
import type { AuthenticationSettings } from '../../config/sections/authentication.ts';
import type { LoginSettings } from '../../config/sections/login.ts';
import type { SharedRedis } from '../../store/redis.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { FailedAttempts, type SharedFailures } from '../authentication/failed-attempts.ts';
import { ClientLogin, type LoginRequest } from './client-login.ts';
import { takeCookies } from './cookies.ts';
import { createEncryptor, type Encryptor } from './encryption.ts';
import { OpenIdProvider } from './provider.ts';
import { RedisSessionStore } from './redis-session-store.ts';
import { MemorySessionStore, type OnSessionEnded, type SessionStore } from './session-store.ts';
import { Sessions } from './sessions.ts';
import { siteFinder } from './site.ts';
import { TokenRefresher } from './token-refresher.ts';
import { Transactions } from './transactions.ts';

export interface LoginEnvironment {
  readonly logger: Logger;
  readonly redis: SharedRedis | undefined;
  /** Whether `public_url` is required. */
  readonly production: boolean;
  /** The path prefix that a proxy adds: `/shop-api`. */
  readonly pathPrefix?: string | undefined;
  /** Allowed failed logins per address, from `authentication.failed_attempts`. */
  readonly failedAttempts?: AuthenticationSettings['failed_attempts'];
  /** Returns the counts of failed logins of a scope that all processes share. */
  readonly sharedFailures?: ((scope: string) => SharedFailures) | undefined;
  /** Called with the id of each session that this process ends before its time. */
  readonly onSessionEnded?: OnSessionEnded | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/**
 * Login for browsers. It is part of the policies, not of the endpoints, since its sessions are one more way to authenticate: they
 * apply before routing, and at /graphql, too.
 */
export interface Login {
  /**
   * Removes the login cookies from any request, so that no subgraph and no endpoint sees them. Returns `undefined` for requests
   * to which no session applies.
   */
  match(req: IncomingMessage): LoginRequest | undefined;
}

type Settings = Readonly<Record<string, LoginSettings>>;

const ROOT = '/bff/';
const GRAPHQL = '/graphql';

/** Creates the login that the config describes; `undefined` if there is none. Throws `ConfigValueError`. */
export function configureLogin(settings: Settings, environment: LoginEnvironment): Login | undefined {
  const clients = new Map<string, ClientLogin>();
  let graphqlLogin: ClientLogin | undefined;
  for (const [name, own] of Object.entries(settings)) {
    const client = openClient(name, own, environment);
    clients.set(name, client);
    if (own.graphql) graphqlLogin = client;
  }
  if (clients.size === 0) return undefined;
  return {
    match(req) {
      const cookies = takeCookies(req);
      const { url = '' } = req;
      const end = url.startsWith(ROOT) ? url.indexOf('/', ROOT.length) : -1;
      const client = end > 0 ? clients.get(url.slice(ROOT.length, end)) : isGraphql(url) ? graphqlLogin : undefined;
      return client?.visit(req, end > 0 ? url.slice(end + 1) : '', cookies);
    },
  };
}

function isGraphql(url: string): boolean {
  if (!url.startsWith(GRAPHQL)) return false;
  const next = url[GRAPHQL.length];
  return next === undefined || next === '?' || next === '/';
}

function openClient(client: string, settings: LoginSettings, environment: LoginEnvironment): ClientLogin {
  const { logger, production, pathPrefix = '', now = Date.now } = environment;
  const root = `${pathPrefix}/bff/${client}`;
  if (production && settings.public_url === undefined) {
    throw new ConfigValueError(`login.${client}.public_url: required in production, such as "https://shop.example".`);
  }
  const encryptor = createLoginEncryptor(settings);
  const provider = new OpenIdProvider(settings, logger, now);
  const store = openStore(client, settings, encryptor, environment, now);
  const tokens = new TokenRefresher({ store, provider, timeoutMs: settings.timeout, logger, now });
  const rules = { csrf: settings.csrf, allowedOrigins: new Set(settings.allowed_origins) };
  const { lifetime } = settings.session;
  provider.warmUp();
  return new ClientLogin({
    client,
    root,
    settings,
    findSite: siteFinder(client, settings.public_url, pathPrefix),
    provider,
    store,
    sessions: new Sessions({
      client,
      root,
      store,
      tokens,
      rules,
      lifetimeMs: lifetime,
      scopes: settings.scopes,
      logger,
      now,
    }),
    transactions: new Transactions({ encryptor, store, lifetimeMs: settings.login_timeout, now }),
    failedAttempts: failedLogins(client, environment),
    logger,
  });
}

function failedLogins(
  client: string,
  { failedAttempts, sharedFailures }: LoginEnvironment,
): FailedAttempts | undefined {
  if (failedAttempts === undefined) return undefined;
  const { limit, window: windowMs } = failedAttempts;
  return new FailedAttempts({ limit, windowMs, shared: sharedFailures?.(`login.${client}`) });
}

/** Returns the encryptor. Without configured keys its key is random, so that pending logins fail after a restart. */
function createLoginEncryptor({ session: { keys } }: LoginSettings): Encryptor {
  const [first = randomBytes(32), ...others] = keys.map((key) => Buffer.from(key, 'base64'));
  return createEncryptor([first, ...others]);
}

function openStore(
  client: string,
  { session }: LoginSettings,
  encryptor: Encryptor,
  { redis, onSessionEnded: onEnded }: LoginEnvironment,
  now: () => number,
): SessionStore {
  const { idle_timeout, lifetime, max_sessions, store } = session;
  const common = { idleMs: idle_timeout, onEnded, now };
  if (store === 'memory') return new MemorySessionStore({ ...common, maxSessions: max_sessions });
  if (redis === undefined)
    throw new ConfigValueError(`login.${client}.session.store: no Redis is configured; set store.redis.url.`);
  return new RedisSessionStore({ ...common, client, redis, encryptor, lifetimeMs: lifetime });
}
