import { onTestFinished } from 'vitest';
import type { ClientInfo } from '../../../src/client/identity.ts';
import { loginSection } from '../../../src/config/sections/login.ts';
import { createGatewayHandler } from '../../../src/gateway/gateway-handler.ts';
import { listen } from '../../../src/http/listener.ts';
import type { Authenticator } from '../../../src/policy/authentication/authenticator.ts';
import { configureLogin } from '../../../src/policy/login/login.ts';
import type { SharedRedis } from '../../../src/store/redis.ts';
import { type LogLine, recordingLogger } from '../../gateway/serving.ts';
import type { Browser, Page } from './browser.ts';
import { CLIENT_ID, CLIENT_SECRET, OpenIdServer } from './openid-provider.ts';

export interface LoginWorld {
  /** `http://localhost:PORT`: another site than the provider's. */
  readonly origin: string;
  readonly provider: OpenIdServer;
  readonly lines: readonly LogLine[];
  /** The gateway's clock goes on by so many milliseconds; the provider's does not. */
  pass(milliseconds: number): void;
  /** Logs in by the provider's page; resolves with where that led. */
  logIn(browser: Browser, name?: string, returnTo?: string): Promise<Page>;
  /** Goes as far as to the gateway's `/callback`, without asking for it. */
  cameBack(browser: Browser, name?: string, path?: string): Promise<string>;
  me(browser: Browser): Promise<Page>;
}

export interface LoginWorldOptions {
  /** What the config says of the client, beside where the provider is. */
  readonly login?: Record<string, unknown>;
  readonly redis?: SharedRedis;
  readonly authenticator?: Authenticator;
  /** A provider that another gateway is registered at. */
  readonly provider?: OpenIdServer;
  readonly clock?: { now: number };
}

/** A gateway with login for the client `web` before a real OpenID provider; its endpoints answer with what they see. */
export async function loginWorld(options: LoginWorldOptions = {}): Promise<LoginWorld> {
  const provider = options.provider ?? (await OpenIdServer.start());
  const clock = options.clock ?? { now: Date.now() };
  const { logger, lines } = recordingLogger();
  const settings = loginSection.parse({
    web: {
      issuer: provider.issuer,
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      scopes: ['profile', 'email', 'orders'],
      ...options.login,
    },
  });
  const login = configureLogin(settings, { logger, redis: options.redis, production: false, now: () => clock.now });
  const host = createGatewayHandler({
    engine: () => undefined,
    logger,
    maxRequestBytes: 10_000,
    timeoutMs: 10_000,
    shareQueries: true,
    graphiql: false,
    login,
    authenticator: options.authenticator,
    bff: { handle: echo },
  });
  const listener = await listen(host, { host: '127.0.0.1', port: 0, lingerMs: 10 });
  onTestFinished(() => listener.close());
  const origin = `http://localhost:${listener.port}`;
  if (!options.provider) {
    provider.register(origin);
    onTestFinished(() => provider.close());
  }
  const cameBack = async (browser: Browser, name = 'ada', path = '/bff/web/login') => {
    const page = await browser.go(`${origin}${path}`, {}, '/callback?');
    if (page.url.includes('/callback?')) return page.url;
    return (await browser.submit(page, { name, choice: 'yes' }, '/callback?')).url;
  };
  return {
    origin,
    provider,
    lines,
    pass: (milliseconds) => {
      clock.now += milliseconds;
    },
    cameBack,
    async logIn(browser, name, returnTo = '/bff/web/echo') {
      const back = await cameBack(browser, name, `/bff/web/login?returnTo=${encodeURIComponent(returnTo)}`);
      return browser.go(back);
    },
    me: (browser) => browser.ask(`${origin}/bff/web/me`),
  };
}

function echo(
  req: { headers: Record<string, unknown> },
  res: { end(text: string): void },
  client: ClientInfo,
): boolean {
  const { identity } = client;
  const { authorization, cookie } = req.headers;
  const seen = { kind: identity?.kind, subject: identity?.subject, scopes: identity?.scopes, authorization, cookie };
  res.end(JSON.stringify(seen));
  return true;
}
