import { type IncomingHttpHeaders, request, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CompactSign } from 'jose';
import { onTestFinished } from 'vitest';
import { createSupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { configFileSchema } from '../../src/config/config.ts';
import { startServer } from '../../src/gateway/server.ts';
import { createApiKey, formatApiKeyFile } from '../../src/policy/authentication/api-key-record.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { folderOf } from '../bff/support.ts';
import { folderWith } from '../composition/folder.ts';
import { stubApi } from '../sources/rest/stub-api.ts';

/** What one of two principals sends, and from where. */
export interface Sent {
  readonly headers: Record<string, string>;
  readonly localAddress?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const ISSUERS = {
  'https://a.example': 'the secret of the first of two issuers',
  'https://b.example': 'the secret of the second of two issuers',
};

/** A Bearer token with these claims, written as JSON: numbers keep their digits. */
export async function bearer(claims: string, iss: keyof typeof ISSUERS = 'https://a.example'): Promise<Sent> {
  const exp = Math.floor(Date.now() / 1_000) + 600;
  const payload = `{"iss":"${iss}","exp":${exp},"jti":"${Math.random()}"${claims === '' ? '' : `,${claims}`}}`;
  const token = await new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.from(ISSUERS[iss]));
  return { headers: { authorization: `Bearer ${token}` } };
}

/** Two API keys of one owner. */
const KEYS = ['one', 'two'].map(() => createApiKey({ owner: 'shop', scopes: [] }, new Date()));

export const apiKey = (index: 0 | 1): Sent => ({ headers: { 'x-api-key': KEYS[index]?.key ?? '' } });

export const certificate = (name: string): Sent => ({
  headers: { 'x-forwarded-client-cert': `Hash=ab;Subject="CN=${name}"` },
});

const ENDPOINTS = {
  'web/unsaid.graphql': 'query @endpoint(cache: {maxAge: "1m"}) { me }',
  'web/private.graphql': 'query @endpoint(cache: {maxAge: "1m", scope: PRIVATE}) { me }',
  'web/public.graphql': 'query @endpoint(cache: {maxAge: "1m", scope: PUBLIC}) { me }',
  'web/unkept.graphql': '{ me }',
  'web/order.graphql': 'mutation @endpoint(path: "/orders") { order }',
};

/** What subgraphs are sent of who asks: all that two principals here may differ in. */
const TELLS_WHO = [
  { insert: { name: 'x-issuer', from_claim: 'iss' } },
  { insert: { name: 'x-user', from_claim: 'sub' } },
  { insert: { name: 'x-tenant', from_claim: 'tenant' } },
  { insert: { name: 'x-key', from_claim: 'id' } },
  { insert: { name: 'x-subject', from_context: 'subject' } },
  { propagate: { named: ['x-app', 'cookie'] } },
];
export const TELLS_ADDRESS = { insert: { name: 'x-address', from_context: 'ip' } };

const saidOf = (headers: IncomingHttpHeaders) =>
  ['issuer', 'user', 'tenant', 'key', 'subject', 'app', 'address']
    .map((name) => headers[`x-${name}`] ?? '-')
    .concat(headers.cookie ?? '-')
    .join(' ');

export interface TwoPrincipals {
  readonly origin: string;
  /** How often the subgraph and the API were asked. */
  calls(): number;
  /** From now on the subgraph answers only when `release` is called. */
  hold(): void;
  release(): void;
  send(path: string, sent: Sent, body?: object, method?: string): Promise<Answer>;
}

/** A gateway before a subgraph and an API that answer with what they are sent of who asks. */
export async function twoPrincipals(requestRules: readonly object[] = TELLS_WHO): Promise<TwoPrincipals> {
  let held: (() => void)[] | undefined;
  const subgraph = await stubApi(({ headers, body }) => (response: ServerResponse) => {
    const field = body.includes('order') ? 'order' : 'me';
    const answer = () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: { [field]: saidOf(headers) } }));
    };
    if (held) held.push(answer);
    else answer();
  });
  const api = await stubApi(({ headers }) => (response: ServerResponse) => {
    response.setHeader('cache-control', 'public, max-age=60');
    response.setHeader('vary', 'x-issuer, x-user, x-tenant, x-key, x-subject, x-app, x-address, cookie');
    response.end(JSON.stringify({ who: saidOf(headers) }));
  });
  const schemasDir = await folderWith({
    'who.graphql': `extend schema @subgraph(url: "${subgraph.url}")
      type Query { me: String @cacheControl(maxAge: 60) }
      type Mutation { order: String }`,
    'api.graphql': `extend schema @source(name: "api", http: {baseURL: "${api.url}"})
      type Query { who: String @connect(source: "api", http: {GET: "/who"}, selection: "$.who") }`,
  });
  const { origin, send } = await startWithClients(schemasDir, ENDPOINTS, {
    headers: { all: { request: requestRules } },
  });
  return {
    origin,
    send,
    calls: () => subgraph.calls.length + api.calls.length,
    hold: () => {
      held = [];
    },
    release: () => {
      const waiting = held ?? [];
      held = undefined;
      for (const answer of waiting) answer();
    },
  };
}

/** Starts a gateway that knows tokens of two issuers, API keys and certificates. */
export async function startWithClients(
  schemasDir: string,
  endpoints: Readonly<Record<string, string>>,
  config: object,
): Promise<Pick<TwoPrincipals, 'origin' | 'send'>> {
  const keys = formatApiKeyFile(KEYS.map(({ record }) => record));
  const file = configFileSchema.parse({
    supergraph: { listen: '127.0.0.1:0' },
    csrf: { unsafe_disabled: true },
    trusted_proxies: ['127.0.0.1'],
    api_keys: { file: join(folderOf({ 'keys.json': keys }), 'keys.json') },
    authentication: {
      client_certificate: { header: 'x-forwarded-client-cert' },
      router: { jwt: { jwks: Object.entries(ISSUERS).map(([issuer, secret]) => ({ issuer, secret })) } },
    },
    connectors: { cache: { enabled: true } },
    ...config,
  });
  const server = await startServer({
    config: { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false },
    schema: createSupergraphProvider({ schemasDir }),
    bffDir: folderOf(endpoints),
    logger: createLogger({ level: 'silent', format: 'json' }),
  });
  onTestFinished(() => server.close());
  const origin = `http://127.0.0.1:${server.port}`;
  return {
    origin,
    send: (path, sent, body, method = body ? 'POST' : 'GET') => send(origin + path, method, sent, body),
  };
}

function send(url: string, method: string, { headers, localAddress = '127.0.0.1' }: Sent, body: object | undefined) {
  return new Promise<Answer>((resolve, reject) => {
    const json = body && { 'content-type': 'application/json' };
    const options = { method, agent: false, localAddress, headers: { ...json, ...headers } };
    const sent = request(url, options, async (response) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text: await text(response) });
    });
    sent.on('error', reject).end(body && JSON.stringify(body));
  });
}

/**
 * Whether a cache on the way, which knows nothing but what HTTP says, would give one's answer to another request (RFC 9111, sections
 * 3 and 4.1).
 * @param isShared whether it keeps answers for all clients, or as a browser for those who use it one after the other
 */
export function wouldReuse(answer: Answer, of: Sent, by: Sent, isShared: boolean): boolean {
  const control = answer.headers['cache-control'] ?? '';
  if (!/max-age=[1-9]/.test(control) || /no-store|no-cache/.test(control)) return false;
  if (isShared && (control.includes('private') || (of.headers.authorization && !control.includes('public'))))
    return false;
  const names = (answer.headers.vary ?? '').split(',').map((name) => name.trim().toLowerCase());
  return !names.includes('*') && names.every((name) => of.headers[name] === by.headers[name]);
}
