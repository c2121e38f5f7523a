import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { SignJWT } from 'jose';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readConfigFile } from '../../src/config/config-file.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { Secrets } from '../secrets.ts';
import { project, runCli, startCli } from './run-cli.ts';

const PATIENCE = { timeout: 120_000, interval: 50 };

/** A server on a free port of this machine. */
async function server(listener: RequestListener): Promise<number> {
  const running = createServer(listener);
  await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    running.close();
    running.closeAllConnections();
  });
  return (running.address() as AddressInfo).port;
}

const SCHEMA = (url: string) => `extend schema @subgraph(url: "${url}")
type Query { product(id: ID): Product }
type Mutation { rename(id: ID, name: String): Product }
type Product @key(fields: "id") { id: ID! name: String price: Int! }
`;
const DOWN = (url: string) => `extend schema @subgraph(url: "${url}")
type Product @key(fields: "id") { id: ID! stock: Int }
`;
const REST = (port: number, { header, key }: { header: string; key: string }) => `extend schema
  @source(name: "api", http: { baseURL: "http://127.0.0.1:${port}", headers: [{ name: "x-api-token", value: "${header}" }] })
type Query { offer(code: String): Offer @connect(source: "api", http: { GET: "/offers/{$args.code}?key=${key}" }, selection: "title") }
type Offer { title: String }
`;

/** A project whose config has a secret at each place that can have one. Everything that it names but the subgraph is unreachable. */
async function secretProject(secrets: Secrets, subgraph: number) {
  const s = (name: string) => secrets.create(name);
  const keys = { jwt: s('jwt.secret'), session: secrets.add('session.key', randomBytes(32).toString('base64')) };
  const admin = s('admin.token');
  const config = `
admin: { listen: "127.0.0.1:0", token: "${admin}" }
bff: { purge_token: "${s('bff.purge_token')}" }
debug: { token_secret: "${s('debug.token_secret')} which is long enough" }
store: { redis: { url: "redis://default:${s('redis.password')}@127.0.0.1:1" } }
rate_limits: { store: redis }
headers:
  all:
    request:
      - { propagate: { named: authorization } }
      - { propagate: { named: cookie } }
      - { insert: { name: x-internal, value: "${s('headers.insert')}" } }
authentication:
  router:
    jwt:
      jwks:
        - { secret: "${keys.jwt}", issuer: "https://issuer.example" }
        - { url: "http://127.0.0.1:1/jwks?key=${s('jwks.key')}", issuer: "https://other.example" }
introspection_endpoints:
  - { url: "http://127.0.0.1:1/introspect?key=${s('introspection.key')}", client_id: gateway, client_secret: "${s('introspection.client_secret')}" }
api_keys: { file: keys.json }
login:
  web:
    issuer: "http://127.0.0.1:1/issuer"
    client_id: gateway
    client_secret: "${s('login.client_secret')}"
    session: { keys: ["${keys.session}"] }
telemetry:
  metrics: { prometheus: { enabled: true } }
  access_log:
    level: info
    user_hash_key: "${s('user_hash_key')}"
    fields: [requestId, traceId, route, endpoint, method, path, query, ip, operation, operationHash, client, user, status, errorCodes, reason, subgraphs, cache]
    request_headers: [authorization, cookie, x-api-key, proxy-authorization, user-agent]
usage: { enabled: true }
traffic_shaping: { all: { timeout: 500ms, circuit_breaker: {} } }
include_subgraph_errors: { all: true }
`;
  const userUrl = `http://user:${s('subgraph.password')}@127.0.0.1:${subgraph}/graphql?key=${s('subgraph.key')}`;
  const downUrl = `http://user:${s('down.password')}@127.0.0.1:1/graphql?key=${s('down.key')}`;
  const dir = await project({
    'headgate.yaml': config,
    'keys.json': '{"keys": []}',
    'schemas/products.graphql': SCHEMA(userUrl),
    'schemas/stock.graphql': DOWN(downUrl),
    'schemas/offers.graphql': REST(1, { header: s('connector.header'), key: s('connector.key') }),
    'bff/web/offer.graphql': 'query Offer($code: String) @endpoint(path: "/offer") { offer(code: $code) { title } }',
    'query.graphql': 'query Everything { product { name stock } offer(code: "a") { title } }',
  });
  return { dir, admin, jwt: keys.jwt, userUrl };
}

/** Tokens as clients send them, good and bad. */
async function tokensOf(secrets: Secrets, key: string) {
  const sign = (claims: Record<string, unknown>, secret = key) =>
    new SignJWT({ sub: 'ada', iss: 'https://issuer.example', ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime((claims.exp as number) ?? '1h')
      .sign(Buffer.from(secret));
  const parts = (name: string, token: string) => {
    // the head of a token is the same for all, so it is no secret
    for (const [index, part] of token.split('.').slice(1).entries()) secrets.add(`${name}.${index + 1}`, part);
    return token;
  };
  return {
    good: parts('good token', await sign({ nonce: secrets.create('claim') })),
    expired: parts('expired token', await sign({ exp: 1_000 })),
    forged: parts('forged token', await sign({}, randomBytes(32).toString('hex'))),
    unknown: parts('token of another issuer', await sign({ iss: 'https://other.example' })),
  };
}

test('no secret of the config or of a client is in logs, metrics, errors and what the commands print', async () => {
  const secrets = new Secrets();
  let mode = 'good';
  const subgraph = await server(async (req, res) => {
    await text(req);
    if (mode === 'hangs') return;
    if (mode === 'resets') return void req.socket.destroy();
    if (mode === 'refuses') return void res.writeHead(401, { 'content-type': 'text/plain' }).end('no');
    if (mode === 'redirects') return void res.writeHead(302, { location: req.url }).end();
    if (mode === 'malformed') return void res.writeHead(200, { 'content-type': 'application/json' }).end('{"data": ');
    const data = mode === 'null' ? { product: { price: null } } : { product: { id: 'p1', name: 'Lamp', price: 7 } };
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data }));
  });
  const { dir, admin, jwt } = await secretProject(secrets, subgraph);
  const tokens = await tokensOf(secrets, jwt);
  const gateway = startCli(dir, ['start', '--port', '0'], '', [], { LOG_LEVEL: 'trace' });
  await vi.waitFor(() => expect(gateway.output.stdout).toMatch(/^Headgate admin API at /m), PATIENCE);
  const read = (pattern: RegExp) => pattern.exec(gateway.output.stdout)?.[1] ?? '';
  const url = read(/^Headgate listening on (\S+)$/m);
  const origin = new URL(url).origin;
  const adminOrigin = new URL(read(/^Headgate admin API at (\S+)$/m)).origin;

  /** Everything that anybody has seen of the gateway, with what it is. */
  const seen: [what: string, text: string][] = [];
  async function send(what: string, target: string, init: RequestInit = {}): Promise<number> {
    const response = await fetch(target, { redirect: 'manual', ...init });
    const headers = [...response.headers].filter(([name]) => name !== 'set-cookie');
    seen.push([what, JSON.stringify(headers) + (await response.text())]);
    return response.status;
  }
  const graphql = (what: string, body: object | string, headers: Record<string, string> = {}) =>
    send(what, url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const ALL = { query: 'query All { product(id: "1") { name price stock } offer(code: "a") { title } }' };

  // credentials, good and bad
  for (const [name, token] of Object.entries(tokens)) await graphql(`a token that is ${name}`, ALL, bearer(token));
  await graphql('an opaque token', ALL, bearer(secrets.create('opaque token')));
  await graphql('a malformed token', ALL, bearer(`${secrets.create('malformed token')}.a.b`));
  await graphql('a token in spaces', ALL, { authorization: `Bearer  ${secrets.create('token in spaces')} x` });
  await graphql('another scheme', ALL, { authorization: `Digest ${secrets.create('digest')}` });
  const basic = Buffer.from(`user:${secrets.create('basic password')}`).toString('base64');
  await graphql('basic credentials', ALL, { authorization: `Basic ${basic}` });
  await graphql('an API key', ALL, { 'x-api-key': secrets.create('API key') });
  const cookie = `headgate_web=${secrets.create('session id')}; other=${secrets.create('cookie')}`;
  await graphql('cookies', ALL, { cookie, 'proxy-authorization': `Basic ${secrets.create('proxy password')}` });
  await send('an endpoint with a cookie', `${origin}/bff/web/me`, { headers: { cookie } });

  // URLs
  const inUrl = ['access_token', 'token', 'api_key', 'code', 'state', 'password', 'client_secret', 'refresh_token'];
  const query = inUrl.map((name) => `${name}=${secrets.create(`${name} in a URL`)}`).join('&');
  for (const path of ['/graphql', '/nowhere', '/bff/web/offer', '/bff/nowhere', '/bff/web/callback', '/health', '/%ff'])
    await send(`${path} with secrets in the URL`, `${origin}${path}?${query}`);
  await send('a login', `${origin}/bff/web/login?return_to=/`);

  // operations; clients may see their own variables again, the log may not
  const variable = secrets.create('variable');
  const literal = secrets.create('literal');
  const own = ['variable', 'literal'];
  for (const query of [
    'query ($v: String) { offer(code: $v) { title } }',
    'query ($v: Int!) { product(id: $v) { name } }',
    `{ product(id: "${literal}") { name } }`,
    `{ product(id: "${literal}") { unknown } }`,
    `{ product(id: "${literal}" }`,
    `mutation { rename(id: "${literal}", name: "${literal}") { name } }`,
  ])
    await graphql('own values', { query, variables: { v: variable } });
  await send('own values in a URL', `${url}?query={product{name}}&variables={"v":"${variable}"}`);
  await send('own values', `${origin}/bff/web/offer?code=${variable}`);
  await graphql('own values', `{"query": "{ product { name } }", "variables": {"v": "${variable}"`);

  // failures of the subgraph
  for (mode of ['refuses', 'redirects', 'malformed', 'resets', 'hangs', 'null', 'good'])
    await graphql(`a subgraph that ${mode}`, ALL, bearer(tokens.good));

  // bytes that are no HTTP
  const raw = connect(Number(new URL(url).port), '127.0.0.1');
  raw.end(`GET /graphql?token=${secrets.create('malformed request')} HTTP/1.1\r\nbad header\r\n\r\n`);
  seen.push(['a malformed request', await text(raw)]);

  // operators
  const wrong = { authorization: `Bearer ${secrets.create('wrong admin token')}` };
  for (const path of ['endpoints', 'canary', 'usage', 'nowhere']) {
    await send(`admin ${path}`, `${adminOrigin}/admin/${path}`, { headers: bearer(admin) });
    await send(`admin ${path} with a wrong token`, `${adminOrigin}/admin/${path}`, { headers: wrong });
  }
  await send('a purge', `${origin}/bff/purge`, { method: 'POST', headers: wrong, body: '{"tags": ["a"]}' });
  await send('metrics', `${adminOrigin}/metrics`);
  await send('a reload', `${adminOrigin}/admin/reload`, { method: 'POST', headers: bearer(admin), body: '{}' });
  for (const args of [
    ['validate'],
    ['plan', '--query', 'query.graphql'],
    ['plugins', 'list'],
    ['keys', 'list', '--file', 'keys.json'],
  ]) {
    const { stdout, stderr } = await runCli(dir, args);
    seen.push([`headgate ${args[0]}`, stdout + stderr]);
  }
  gateway.kill('SIGTERM');
  const { stdout, stderr } = await gateway.ended;

  const leaks = seen.flatMap(([what, text]) =>
    secrets
      .leaksIn(text, what.startsWith('own values') ? own : [])
      .map((name) => `${name} in the response to ${what}: ${text.slice(0, 300)}`),
  );
  const lines = `${stdout}\n${stderr}`.split('\n');
  const logged = lines.flatMap((line) =>
    secrets.leaksIn(line).map((name) => `${name} in the log: ${line.slice(0, 400)}`),
  );
  expect([...leaks, ...logged]).toEqual([]);
  // the run did reach what it meant to
  for (const code of [
    'SUBREQUEST_HTTP_ERROR',
    'SUBREQUEST_TIMEOUT',
    'SUBREQUEST_MALFORMED_RESPONSE',
    'UNAUTHENTICATED',
  ])
    expect(stdout).toContain(code);
});

test('what is wrong with a secret is said without the secret', async () => {
  const secrets = new Secrets();
  const s = (name: string) => secrets.create(name);
  const url = (name: string) => `http://user:${s(name)}@127.0.0.1:1/a?key=${s(`${name}.key`)}`;
  /** Lines of a config, each wrong because of a value with a secret. */
  const configs = [
    `admin: { token: "has spaces ${s('admin.token')}" }`,
    `admin: { token: [${s('admin.token in a list')}] }`,
    `store: { redis: { url: "http://:${s('redis.password')}@127.0.0.1:1" } }`,
    `store: { redis: { cluster: "redis://:${s('cluster.password')}@127.0.0.1:1" } }`,
    `authentication: { router: { jwt: { jwks: [{ url: "${url('jwks')}", issuer: a }] } } }`,
    `authentication: { router: { jwt: { jwks: [{ url: "ftp://user:${s('jwks.scheme')}@a" }] } } }`,
    `authentication: { router: { jwt: { jwks: [{ keys: "${s('jwks.keys')}" }] } } }`,
    `authentication: { router: { jwt: { jwks: [{ secret: [${s('jwks.secret')}] }] } } }`,
    `introspection_endpoints: [{ url: "${url('introspection')}", client_id: a, client_secret: b }]`,
    `introspection_endpoints: [{ url: "http://a", client_id: a, client_secret: [${s('client_secret')}] }]`,
    `login: { web: { issuer: "${url('issuer')}", client_id: a, client_secret: b } }`,
    `login: { web: { issuer: "http://a", client_id: a, client_secret: b, session: { keys: "${s('session.keys')}" } } }`,
    `login: { web: { issuer: "http://a", client_id: a, client_secret: b, session: { keys: ["${s('session.key')}"] } } }`,
    `headers: { all: { request: [{ insert: { name: a, value: "\\n${s('headers.value')}" } }] } }`,
    `headers: { all: { request: [{ insert: { name: a, value: [${s('headers.list')}] } }] } }`,
    `subgraphs: { a: { url: "ftp://user:${s('subgraph.password')}@a?key=${s('subgraph.key')}" } }`,
    `subgraphs: { products: { urls: "http://user:${s('subgraph.urls')}@a" } }`,
    `bff: { purge_token: [${s('purge_token')}] }`,
    `debug: { token_secret: [${s('debug.token_secret in a list')}] }`,
    `telemetry: { access_log: { user_hash_key: [${s('user_hash_key')}] } }`,
    `admin: { token: "\${SECRET" }\nbff: { purge_token: "${s('yaml')}`,
    `connectors: { sources: { a: { $config: "${s('connectors')}" } } }`,
  ];
  const outputs: string[] = [];
  for (const config of configs) {
    const read = readConfigFile('headgate.yaml', config, {});
    const output = read.ok ? 'not refused' : read.problems.map(formatProblem).join('\n');
    if (read.ok || secrets.leaksIn(output).length > 0) outputs.push(`${output} for ${config}`);
  }
  expect(outputs, outputs.join('\n')).toEqual([]);
});

test('commands that fail do not print the secrets in their flags and schemas', async () => {
  const secrets = new Secrets();
  const s = (name: string) => secrets.create(name);
  const products = 'type Query { a: Int }';
  const schemas = [
    `extend schema @subgraph(url: "ftp://user:${s('schema.password')}@127.0.0.1:1/?key=${s('schema.key')}")\n${products}`,
    `extend schema @subgraph(url: "http://user:${s('schema.broken')}@127.0.0.1:1") {\n${products}`,
    `extend schema @subgraph(url: "http://user:${s('schema.invalid')}@127.0.0.1:1/\${MISSING}")\n${products}`,
    `extend schema @subgraph(uri: "http://user:${s('schema.argument')}@127.0.0.1:1")\n${products}`,
    REST(1, { header: s('connector.other'), key: `{$args.unknown}${s('connector.expression')}` }),
  ];
  const dir = await project();
  const runs: [string, string[]][] = [];
  for (const schema of schemas) {
    const broken = await project({ 'schemas/products.graphql': schema });
    runs.push([broken, ['validate']]);
  }
  runs.push(
    [dir, ['keys', 'list', '--redis', `redis://:${s('--redis')}@127.0.0.1:1`]],
    [dir, ['usage', '--redis', `redis://:${s('usage --redis')}@127.0.0.1:1`]],
    [dir, ['usage', '--url', `http://user:${s('usage --url')}@127.0.0.1:1`, '--token', s('usage --token')]],
    [
      dir,
      [
        'cache',
        'purge',
        '--tag',
        'a',
        '--url',
        `http://user:${s('purge --url')}@127.0.0.1:1`,
        '--token',
        s('purge --token'),
      ],
    ],
    [dir, ['init', 'rest', '--openapi', `http://user:${s('--openapi')}@127.0.0.1:1/?key=${s('--openapi key')}`]],
    [
      dir,
      [
        'init',
        'service',
        '--url',
        `http://user:${s('service --url')}@127.0.0.1:1/?key=${s('service key')}`,
        '--header',
        `authorization: ${s('--header')}`,
      ],
    ],
  );
  const outputs: string[] = [];
  const ended = await Promise.all(runs.map(async ([at, args]) => ({ args, ...(await runCli(at, args)) })));
  for (const { args, code, stdout, stderr } of ended) {
    const output = stdout + stderr;
    if (code === 0) outputs.push(`not refused: headgate ${args.join(' ')}\n${output}`);
    for (const name of secrets.leaksIn(output)) outputs.push(`${name} in the output of headgate ${args[0]}: ${output}`);
  }
  expect(outputs, outputs.join('\n')).toEqual([]);
});
