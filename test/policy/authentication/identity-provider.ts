import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import Provider from 'oidc-provider';

export const AUDIENCE = 'https://shop.example';
const CLIENTS = ['ada', 'bob'].map((client_id) => ({
  client_id,
  client_secret: `the secret of ${client_id}`,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
}));

interface SigningKey {
  readonly kid: string;
  readonly jwk: JWK;
  readonly privateKey: CryptoKey;
}

/** A real OpenID provider on a port of its own, whose keys can be rotated, and which can be taken down. */
export class IdentityProvider {
  readonly issuer: string;
  /** Requests for its key set. */
  keySetFetches = 0;
  /** Requests about tokens. */
  introspections = 0;
  readonly #server: Server;
  #serve: RequestListener | undefined;
  #key!: SigningKey;
  #keys = 0;
  #down = false;

  static async start(): Promise<IdentityProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const provider = new IdentityProvider(server);
    await provider.rotate();
    return provider;
  }

  private constructor(server: Server) {
    this.#server = server;
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (req, res) => {
      if (req.url === '/jwks') this.keySetFetches++;
      if (req.url === '/token/introspection') this.introspections++;
      if (this.#down) res.writeHead(503).end();
      else this.#serve?.(req, res);
    });
  }

  get keySetUrl(): string {
    return `${this.issuer}/jwks`;
  }

  get introspectionUrl(): string {
    return `${this.issuer}/token/introspection`;
  }

  /** The key that it signs with just now: for tests that sign what no provider would. */
  get key(): SigningKey {
    return this.#key;
  }

  /** From now on it signs with another key, and knows the former one no more. */
  async rotate(): Promise<void> {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const kid = `key-${++this.#keys}`;
    const jwk = { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' };
    this.#key = { kid, jwk, privateKey };
    this.#serve = new Provider(this.issuer, configuration(jwk)).callback();
  }

  /** From now on it answers 503, as behind a load balancer that has nobody left. */
  goDown(): void {
    this.#down = true;
  }

  comeUp(): void {
    this.#down = false;
  }

  /** A token for this client, with scopes that it may have; `opaque` for one that only the provider can read. */
  async token(client: 'ada' | 'bob', scope = 'read:orders', format: 'jwt' | 'opaque' = 'jwt'): Promise<string> {
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: { authorization: basic(client, `the secret of ${client}`) },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        scope,
        resource: format === 'jwt' ? AUDIENCE : `${AUDIENCE}/opaque`,
      }),
    });
    const { access_token } = (await response.json()) as { access_token?: string };
    if (access_token === undefined) throw new Error(`no token: ${response.status}`);
    return access_token;
  }

  async revoke(client: 'ada' | 'bob', token: string): Promise<void> {
    const response = await fetch(`${this.issuer}/token/revocation`, {
      method: 'POST',
      headers: { authorization: basic(client, `the secret of ${client}`) },
      body: new URLSearchParams({ token }),
    });
    if (response.status !== 200) throw new Error(`not revoked: ${response.status}`);
  }

  /** A token signed with the provider's key, that says what the test wants. */
  sign(claims: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> {
    const good = { iss: this.issuer, aud: AUDIENCE, sub: 'ada', exp: Math.floor(Date.now() / 1000) + 600 };
    return new SignJWT({ ...good, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: this.#key.kid, ...header })
      .sign(this.#key.privateKey);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function basic(user: string, password: string): string {
  return `Basic ${btoa(`${encodeURIComponent(user)}:${encodeURIComponent(password)}`)}`;
}

function configuration(jwk: object): object {
  return {
    clients: CLIENTS,
    jwks: { keys: [jwk] },
    cookies: { keys: ['for tests alone'] },
    scopes: ['read:orders', 'write:orders'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: 'read:orders write:orders',
          audience: AUDIENCE,
          accessTokenFormat: resource === AUDIENCE ? 'jwt' : 'opaque',
          accessTokenTTL: 600,
          ...(resource === AUDIENCE ? { jwt: { sign: { alg: 'RS256' } } } : {}),
        }),
      },
    },
  };
}
