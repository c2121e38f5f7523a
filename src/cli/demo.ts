import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configPath } from '../config/load-config.ts';
import { apiKeysSection } from '../config/sections/api-keys.ts';
import { jwksSection } from '../config/sections/jwks.ts';
import type { ServerOptions } from '../gateway/server.ts';
import { createApiKey, formatApiKeyFile } from '../policy/authentication/api-key-record.ts';
import { UsageError } from './failure.ts';
import type { ServeDefaults, ServeFlags } from './start.ts';

/** The running demo services, with credentials that only this process accepts. */
export interface Demo {
  /** Returns the demo's folders and its config file if the current folder has no schemas. */
  defaults(flags: ServeFlags): { flags: ServeFlags; defaults: ServeDefaults };
  /** Returns the options with the demo's credentials accepted. */
  configure(options: ServerOptions): ServerOptions;
  /** Returns commands to try in another terminal. */
  whatToTry(origin: string, options: ServerOptions): string;
  close(): Promise<void>;
}

interface Services {
  close(): Promise<void>;
}

const TOKEN_HOURS = 12;
const ISSUER = 'headgate-demo';
const AUDIENCE = 'shop';

/** Starts the services of `subgraphs/`. Throws `UsageError` if they are missing, as in the published package. */
export async function startDemo(): Promise<Demo> {
  console.log('Starting the demo services and the gateway …');
  const services = await startServices();
  const folder = mkdtempSync(join(tmpdir(), 'headgate-demo-'));
  const credentials = createCredentials(join(folder, 'api-keys.json'));
  const hasCredentials = ({ config }: ServerOptions) => config.api_keys?.file === credentials.keyFile;
  return {
    defaults: demoDefaults,
    configure: (options) => (mayHaveCredentials(options) ? withCredentials(options, credentials) : options),
    whatToTry: (origin, options) =>
      [TRY_QUERIES, hasCredentials(options) ? TRY_CREDENTIALS : '', TRY_PAGES]
        .join('')
        .replaceAll('{origin}', origin)
        .replaceAll('{token}', credentials.token)
        .replaceAll('{key}', credentials.key),
    async close() {
      rmSync(folder, { recursive: true, force: true });
      await services.close();
    },
  };
}

function demoDefaults(flags: ServeFlags): { flags: ServeFlags; defaults: ServeDefaults } {
  if (existsSync('schemas')) return { flags, defaults: { schemasDir: 'schemas', bffDir: 'bff' } };
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const config = configPath({ file: flags.config }) ?? join(root, 'headgate.yaml');
  return { flags: { ...flags, config }, defaults: { schemasDir: join(root, 'schemas'), bffDir: join(root, 'bff') } };
}

/** Imports the services: TypeScript next to `src/`, or the build in `dist/subgraphs/`. */
async function startServices(): Promise<Services> {
  const path = import.meta.url.endsWith('.ts') ? '../../subgraphs/start.ts' : '../subgraphs/start.js';
  const url = new URL(path, import.meta.url);
  if (!existsSync(url)) {
    throw new UsageError(
      '--demo: the package does not contain the demo. Clone the repository and run `npm start` there.',
    );
  }
  const module: { startDemoFor(env: NodeJS.ProcessEnv): Promise<Services> } = await import(url.href);
  return module.startDemoFor(process.env);
}

interface Credentials {
  /** The random secret that signs the token, so that no other process accepts it. */
  readonly secret: string;
  /** A token of the user `u1`. */
  readonly token: string;
  /** A key of the owner `warehouse-app`, with the scope `inventory:read`. */
  readonly key: string;
  readonly keyFile: string;
}

function createCredentials(keyFile: string): Credentials {
  const secret = randomBytes(32).toString('base64url');
  const now = new Date();
  const expires = new Date(now.getTime() + TOKEN_HOURS * 3_600_000);
  const { key, record } = createApiKey({ owner: 'warehouse-app', scopes: ['inventory:read'], expires }, now);
  writeFileSync(keyFile, formatApiKeyFile([record]), { mode: 0o600 });
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'u1', exp: Math.floor(expires.getTime() / 1000) };
  return { secret, token: signToken(claims, secret), key, keyFile };
}

/** Returns a JSON Web Token signed with HS256 (RFC 7515, section 3.1). */
function signToken(claims: object, secret: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
}

/** Whether the demo may add its credentials: not in production, and not if the config has credentials of its own. */
function mayHaveCredentials({ config }: ServerOptions): boolean {
  return !config.production && config.api_keys === undefined && config.authentication.router.jwt.jwks.length === 0;
}

function withCredentials(options: ServerOptions, { secret, keyFile }: Credentials): ServerOptions {
  const { config } = options;
  const { authentication } = config;
  const jwks = [jwksSection.parse({ secret, issuer: ISSUER, audience: AUDIENCE })];
  const router = { ...authentication.router, jwt: { ...authentication.router.jwt, jwks } };
  const apiKeys = apiKeysSection.parse({ file: keyFile });
  return { ...options, config: { ...config, authentication: { ...authentication, router }, api_keys: apiKeys } };
}

const POST = "curl -s {origin}/graphql -H 'content-type: application/json'";

const TRY_QUERIES = `
Try, in another terminal:

  a query over five subgraphs
    ${POST} -d '{"query":"{ user(id: \\"u1\\") { name orders(first: 1) { id total items { quantity product { name inStock reviews { rating } } } } } }"}'

  a dashboard for the mobile app, and one for the web
    curl -s {origin}/bff/mobile/dashboard/u1
    curl -s {origin}/bff/web/dashboard/u1
`;

const TRY_CREDENTIALS = `
  a token and an API key, valid only in this demo
    export DEMO_TOKEN={token}
    export DEMO_KEY={key}

  a field that needs a login, and one that needs a scope (without the last header, each is null)
    ${POST} -d '{"query":"{ order(id: \\"o1\\") { shipments { number trackingCode } } }"}' -H "authorization: Bearer $DEMO_TOKEN"
    ${POST} -d '{"query":"{ product(id: \\"p7\\") { name stock { quantity } } }"}' -H "x-api-key: $DEMO_KEY"

  a field with a rate limit: after ten calls within a minute it is null
    ${POST} -d '{"query":"{ search(text: \\"stove\\") { __typename } }"}'
`;

const TRY_PAGES = `
  in a browser: both dashboards side by side, all endpoints, GraphiQL
    {origin}/demo
    {origin}/bff/docs
    {origin}/graphql

Change a file in schemas/ or bff/ and call again. Ctrl-C stops everything.`;
