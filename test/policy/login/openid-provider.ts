import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import Provider from 'oidc-provider';

/** The part of the provider that its login page speaks to; its package brings no types. */
interface Interactions {
  interactionFinished(req: IncomingMessage, res: ServerResponse, result: object): Promise<void>;
}

/** To make one takes long. */
const keyPair = generateKeyPair('RS256', { extractable: true });

export const CLIENT_ID = 'shop';
export const CLIENT_SECRET = 'the secret of the shop';

/**
 * A real OpenID provider, with a login page that asks for a name alone. It counts what it is asked for, and can be
 * taken down.
 */
export class OpenIdServer {
  readonly issuer: string;
  /** Requests by path: `{"/token": 2}`. */
  readonly asked: Record<string, number> = {};
  givesRefreshTokens = true;
  /** How long access tokens are valid. */
  accessTokenSeconds = 3_600;
  /** Called before each request to the token endpoint is answered. */
  beforeToken: (() => Promise<void>) | undefined;
  readonly #server: Server;
  readonly #key: { readonly jwk: JWK; readonly privateKey: CryptoKey };
  #serve: Promise<RequestListener>;
  #open!: (listener: RequestListener) => void;
  #registered: [string, string] = ['', ''];
  #down: 'no' | 'refusing' | 'silent' = 'no';

  static async start(): Promise<OpenIdServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { privateKey } = await keyPair;
    return new OpenIdServer(server, privateKey, {
      ...(await exportJWK(privateKey)),
      kid: 'k1',
      alg: 'RS256',
      use: 'sig',
    });
  }

  private constructor(server: Server, privateKey: CryptoKey, jwk: JWK) {
    this.#server = server;
    this.#key = { jwk, privateKey };
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#serve = new Promise((resolve) => {
      this.#open = resolve;
    });
    server.on('request', (req, res) => void this.#answer(req, res));
  }

  /** Registers the gateway; until then all requests wait. */
  register(gateway: string, client = 'web'): void {
    this.#registered = [gateway, client];
    const provider = new Provider(this.issuer, {
      ...configuration(this.#key.jwk, gateway, client),
      issueRefreshToken: () => this.givesRefreshTokens,
      ttl: { AccessToken: () => this.accessTokenSeconds },
    });
    const serve = provider.callback();
    const pages = provider as unknown as Interactions;
    this.#open((req, res) => {
      if (req.url?.startsWith('/interaction/')) void loginPage(pages, req, res);
      else serve(req, res);
    });
  }

  /** A logout token as the provider would sign it, with changed `claims`. */
  async logoutToken(claims: JWTPayload, typ = 'logout+jwt'): Promise<string> {
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    return new SignJWT({ iss: this.issuer, aud: CLIENT_ID, jti: crypto.randomUUID(), events, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1', typ })
      .setIssuedAt()
      .setExpirationTime('2m')
      .sign(this.#key.privateKey);
  }

  /** It knows nobody any more, as after a restart without its database. */
  forgetGrants(): void {
    this.#serve = new Promise((resolve) => {
      this.#open = resolve;
    });
    this.register(...this.#registered);
  }

  /** From now on it answers 503, or nothing at all. */
  goDown(how: 'refusing' | 'silent' = 'refusing'): void {
    this.#down = how;
  }

  comeUp(): void {
    this.#down = 'no';
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const serve = await this.#serve;
    const path = (req.url ?? '').split('?')[0] ?? '';
    this.asked[path] = (this.asked[path] ?? 0) + 1;
    if (this.#down === 'silent') return;
    if (this.#down === 'refusing') return void res.writeHead(503).end();
    if (path === '/token') await this.beforeToken?.();
    serve(req, res);
  }
}

async function loginPage(provider: Interactions, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (req.method !== 'POST') {
    res.setHeader('content-type', 'text/html');
    res.end(`<!doctype html><title>Log in</title><form method="post" action="${req.url}">
      <label>Name <input name="name" required></label>
      <button name="choice" value="yes">Log in</button><button name="choice" value="no" formnovalidate>Cancel</button></form>`);
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  const denied = { error: 'access_denied', error_description: 'the user said no' };
  const result = form.get('choice') === 'no' ? denied : { login: { accountId: form.get('name') } };
  await provider.interactionFinished(req, res, result);
}

function configuration(jwk: JWK, gateway: string, client: string): object {
  return {
    jwks: { keys: [jwk] },
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [`${gateway}/bff/${client}/callback`],
        post_logout_redirect_uris: [`${gateway}/`],
        backchannel_logout_uri: `${gateway}/bff/${client}/backchannel-logout`,
        backchannel_logout_session_required: true,
      },
    ],
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `The one called ${id}`, email: `${id}@shop.example` }),
    }),
    // it would tell no gateway on this machine that a user has left
    fetch: (url: string, options: RequestInit) => fetch(url, { ...options, dispatcher: undefined } as RequestInit),
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    scopes: ['openid', 'profile', 'email', 'orders'],
    cookies: { keys: ['a key for signing cookies'] },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    loadExistingGrant: grantEverything,
    rotateRefreshToken: () => true,
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      backchannelLogout: { enabled: true },
    },
  };
}

interface Granting {
  oidc: {
    client: { clientId: string };
    session: { accountId: string; grantIdFor(client: string): string | undefined };
    provider: { Grant: GrantClass };
  };
}

interface GrantClass {
  new (of: object): { addOIDCScope(scope: string): void; save(): Promise<string> };
  find(id: string): Promise<object>;
}

/** A shop's own provider asks no one whether the shop may know them. */
async function grantEverything({ oidc }: Granting): Promise<object> {
  const { client, session, provider } = oidc;
  const before = session.grantIdFor(client.clientId);
  if (before !== undefined) return provider.Grant.find(before);
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid profile email orders');
  await grant.save();
  return grant;
}
