import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json, text } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Secrets } from '../secrets.ts';
import { HAS_NATS, startNats } from '../sources/events/nats-server.ts';
import { HAS_REDIS, startRedis } from '../store/redis-server.ts';
import { startCollector } from '../telemetry/tracing/collector.ts';
import { project, runCli, startCli } from './run-cli.ts';

const PATIENCE = { timeout: 120_000, interval: 50 };

const SCHEMA = (url: string) => `extend schema @subgraph(url: "${url}")
type Query { person(id: ID): Person @rateLimit(limit: 1000, by: ["header:x-person"]) @cacheControl(maxAge: 60, scope: PRIVATE) }
type Mutation { rename(id: ID, name: String): Person }
type Subscription { renamed: Person }
type Person @key(fields: "id") { id: ID! name: String }
`;

/** A subgraph whose data is secret, and what was sent to it. */
async function secretSubgraph(secrets: Secrets) {
  const name = secrets.create('cached value');
  const seen: { headers: IncomingHttpHeaders; body: Record<string, unknown> }[] = [];
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as Record<string, unknown>;
    seen.push({ headers: request.headers, body });
    const person = { id: 'p1', name };
    const isSubscription = String(body.query).includes('renamed');
    const data = isSubscription ? null : String(body.query).includes('rename') ? { rename: person } : { person };
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'private, max-age=60' });
    response.end(JSON.stringify({ data }));
  });
  return { url: await listening(server), seen };
}

/** A coprocessor that adds a secret header to each request, and what was sent to it. */
async function secretCoprocessor(secrets: Secrets) {
  const added = secrets.create('header of the coprocessor');
  const seen: string[] = [];
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as { stage: string; headers?: object };
    seen.push(body.stage);
    const headers = { ...body.headers, 'x-added': [added] };
    response.end(JSON.stringify({ ...body, headers, context: { entries: { own: secrets.create('context') } } }));
  });
  return { url: await listening(server), seen };
}

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function secretRedis(secrets: Secrets, name: string, flags: (password: string) => string[]) {
  const password = secrets.create(name);
  const server = await startRedis(...flags(password));
  onTestFinished(() => server.close());
  const raw = new Redis(server.port, '127.0.0.1', { password, lazyConnect: true });
  raw.on('error', () => {});
  await raw.connect();
  onTestFinished(() => raw.disconnect());
  return { raw, password, url: (secret = password) => `redis://:${secret}@127.0.0.1:${server.port}` };
}

/** A gateway with all that it can have in a Redis with a password, and everything that anybody sees of it. */
async function gateway(secrets: Secrets, { redisUrl, events }: { redisUrl: string; events: string }) {
  const s = (name: string) => secrets.create(name);
  const collector = await startCollector();
  const exported: string[] = [];
  const metrics = createServer(async (request, response) => {
    exported.push(await text(request));
    response.end();
  });
  const subgraph = await secretSubgraph(secrets);
  const coprocessor = await secretCoprocessor(secrets);
  const keys = { session: secrets.add('session key', randomBytes(32).toString('base64')) };
  const tokens = { admin: s('admin.token'), shared: s('shared_key'), collector: s('header for the collector') };
  const config = `
admin: { listen: "127.0.0.1:0", token: "${tokens.admin}" }
store: { redis: { url: "${redisUrl}" } }
rate_limits: { store: redis }
api_keys: { redis: true, cache: 1ms }
bff: { redis: true }
usage: { enabled: true, store: redis, flush_interval: 1s }
response_cache:
  enabled: true
  subgraph: { all: { ttl: 60s, private_id: "header:x-person" } }
  redis: { enabled: true, memory: false }
  invalidation: { shared_key: "${tokens.shared}" }
login:
  web:
    issuer: "http://127.0.0.1:1/issuer"
    client_id: gateway
    client_secret: "${s('login.client_secret')}"
    session: { keys: ["${keys.session}"], store: redis }
authentication: { subgraph: { all: { http_message_signature: { key: "${s('signing key')}", key_id: gateway } } } }
coprocessor:
  url: "${coprocessor.url}?key=${s('coprocessor key')}"
  router: { request: { headers: true, context: true } }
subscription: { mode: { callback: { public_url: "http://127.0.0.1:1/subscriptions/callback" } } }
events:
${events}
telemetry:
  access_log: { level: info, request_headers: [authorization, cookie, x-api-key, idempotency-key] }
  exporters:
    tracing: { otlp: { enabled: true, endpoint: "${collector.url}", batch_processor: { scheduled_delay: 100ms }, http: { headers: { x-collector-key: "${tokens.collector}" } } }, common: { graphql_document: true } }
    metrics:
      prometheus: { enabled: true }
      otlp: { enabled: true, endpoint: "${await listening(metrics)}v1/metrics", interval: 200ms, headers: { x-metrics-key: "${s('header for metrics')}" } }
`;
  const dir = await project({
    'headgate.yaml': config,
    'schemas/people.graphql': SCHEMA(subgraph.url),
    'bff/web/rename.graphql':
      'mutation ($name: String) @endpoint(path: "/rename", idempotency: {required: true}) { rename(id: "p1", name: $name) { id } }',
  });
  const cli = startCli(dir, ['start', '--port', '0'], '', [], { LOG_LEVEL: 'trace' });
  const started = vi.waitFor(() => expect(cli.output.stdout).toMatch(/^Headgate admin API at /m), PATIENCE);
  await Promise.race([started, cli.ended.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
  const read = (pattern: RegExp) => pattern.exec(cli.output.stdout)?.[1] ?? '';
  const url = read(/^Headgate listening on (\S+)$/m);
  const admin = new URL(read(/^Headgate admin API at (\S+)$/m)).origin;
  const seen: [what: string, text: string][] = [];
  const send = async (what: string, target: string, init: RequestInit = {}) => {
    const response = await fetch(target, { redirect: 'manual', ...init });
    seen.push([what, await response.text()]);
    return response.status;
  };
  const post = (what: string, target: string, body: unknown, headers: Record<string, string> = {}) =>
    send(what, target, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  return { dir, cli, url, admin, tokens, collector, subgraph, coprocessor, exported, seen, send, post };
}

type Gateway = Awaited<ReturnType<typeof gateway>>;

/** Uses everything that the gateway has in Redis, and all that operators can ask. `Own data` is for the client that gets it. */
async function useAll({ url, admin, tokens, post, send }: Gateway, secrets: Secrets, when: string): Promise<void> {
  const s = (name: string) => secrets.create(`${name} ${when}`);
  const { origin } = new URL(url);
  const person = { query: `{ person(id: "${s('literal')}") { id name } }` };
  await post('own data', url, person, { 'x-person': s('private id') });
  await post('an API key', url, { query: '{ person { id } }' }, { 'x-api-key': s('API key') });
  await post('a bad query', url, { query: '{ person { nobody } }', variables: { v: s('variable') } });
  for (let turn = 0; turn < 2; turn++)
    await post('an endpoint', `${origin}/bff/web/rename`, { name: s('argument') }, { 'idempotency-key': s('key') });
  await send('a session', `${origin}/bff/web/me`, { headers: { cookie: `headgate_web=${s('session id')}` } });
  await send('a subscription', url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: '{"query":"subscription { renamed { id } }"}',
    signal: AbortSignal.timeout(5_000),
  }).catch(() => {});
  const callback = { kind: 'subscription', action: 'check', id: 'none', verifier: s('verifier') };
  await post('a callback', `${origin}/subscriptions/callback/none`, callback);
  const bearer = { authorization: `Bearer ${tokens.admin}` };
  for (const path of ['endpoints', 'canary', 'usage', 'cache'])
    await send(path, `${admin}/admin/${path}`, { headers: bearer });
  const tags = [{ kind: 'subgraph', subgraph: 'people' }];
  await post('an invalidation', `${admin}/invalidation`, tags, { authorization: tokens.shared });
  await post('a forbidden invalidation', `${admin}/invalidation`, tags, { authorization: s('wrong shared_key') });
  await post('a reload', `${admin}/admin/reload`, {}, bearer);
  await send('readiness', `${origin}/ready`);
  await send('metrics', `${admin}/metrics`);
}

test('keys in place of the paths of their files are not in the message that there is no such file', async () => {
  const secrets = new Secrets();
  const key = (name: string) => secrets.add(name, randomBytes(138).toString('base64'));
  const hex = secrets.create('signing key');
  const configs = [
    `tls: { supergraph: { certificate: "${key('certificate')}", key: "${key('server key')}" } }`,
    `tls: { subgraph: { all: { client_authentication: { certificate_chain: "${key('chain')}", key: "${key('client key')}" } } } }`,
    `authentication: { subgraph: { all: { http_message_signature: { key_id: a, key_file: "${hex}" } } } }`,
  ];
  const schema = 'extend schema @subgraph(url: "http://127.0.0.1:1")\ntype Query { a: Int }';
  const ended = await Promise.all(
    configs.flatMap((config) =>
      ['validate', 'start'].map(async (command) => {
        const dir = await project({ 'headgate.yaml': config, 'schemas/a.graphql': schema });
        return runCli(dir, command === 'start' ? ['start', '--port', '0'] : [command]);
      }),
    ),
  );
  for (const { code, stdout, stderr } of ended) {
    expect({ code, output: stdout + stderr }).toEqual({ code: 1, output: expect.stringContaining('cannot be read') });
    expect(secrets.leaksIn(stdout + stderr)).toEqual([]);
  }
});

describe.skipIf(!HAS_REDIS || !HAS_NATS)('secrets of stores, brokers and collectors', () => {
  test('are in no log, span, metric or response, whether Redis works, refuses commands, or refuses the password', async () => {
    const secrets = new Secrets();
    const store = await secretRedis(secrets, 'password of the store', (password) => ['--requirepass', password]);
    const broker = await secretRedis(secrets, 'password of the broker', (password) => ['--requirepass', password]);
    const nats = await startNats('--user', 'ann', '--pass', secrets.create('password of NATS'));
    onTestFinished(() => nats.close());
    const { host } = new URL(nats.url);
    const events = `  good: { redis: { url: "${broker.url()}" } }
  bad: { redis: { url: "${broker.url(secrets.create('wrong password of the broker'))}" } }
  streams: { redis: { url: "${broker.url(secrets.create('wrong password of streams'))}", mode: streams } }
  nats: { nats: { servers: "${nats.url}", user: ann, password: "${secrets.create('wrong password of NATS')}" } }
  in_url: { nats: { servers: "nats://ann:${secrets.create('password in a NATS URL')}@${host}" } }
  nowhere: { nats: { servers: "nats://ann:${secrets.create('password for a host that is unknown')}@nowhere.invalid:4222" } }
  token: { nats: { servers: "${nats.url}", token: "${secrets.create('token of NATS')}" } }
`;
    const running = await gateway(secrets, { redisUrl: store.url(), events });
    const { cli, seen, collector, exported } = running;

    await useAll(running, secrets, 'while Redis works');
    expect((await store.raw.keys('*')).length).toBeGreaterThan(0);
    // Redis rejects each command, and names it
    await store.raw.call('ACL', 'SETUSER', 'default', '-@all', '+auth', '+info', '+hello', '+ping', '+acl', '+client');
    await useAll(running, secrets, 'while Redis forbids commands');
    // the password changes, and connections end
    await store.raw.call('ACL', 'SETUSER', 'default', '+@all', 'resetpass', `>${secrets.create('new password')}`);
    await store.raw.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await vi.waitFor(() => expect(cli.output.stdout).toContain('WRONGPASS'), PATIENCE);
    await useAll(running, secrets, 'while Redis refuses the password');

    await vi.waitFor(() => expect(collector.bodies.length).toBeGreaterThan(0), PATIENCE);
    await vi.waitFor(() => expect(exported.length).toBeGreaterThan(0), PATIENCE);
    for (const args of [
      ['validate'],
      ['compose'],
      ['plugins', 'list'],
      ['config', 'schema'],
      ['keys', 'list', '--redis', store.url()],
      ['usage', '--redis', store.url()],
    ]) {
      const { stdout, stderr } = await runCli(running.dir, args);
      seen.push([`headgate ${args[0]}`, stdout + stderr]);
    }
    cli.kill('SIGTERM');
    const { stdout, stderr } = await cli.ended;
    // the secrets that subgraphs get are no more to be found than those of the config
    for (const { headers, body } of running.subgraph.seen) {
      const { verifier } = (body.extensions as { subscription?: { verifier: string } })?.subscription ?? {};
      if (verifier !== undefined) secrets.add('verifier', verifier);
      if (typeof headers.signature === 'string') secrets.add('signature', headers.signature);
    }
    const printed: [string, string][] = [
      ...seen.filter(([what]) => what !== 'own data'),
      ...`${stdout}\n${stderr}`.split('\n').map((line): [string, string] => ['the log', line]),
      ...collector.bodies.map((body): [string, string] => ['a span', body.toString('latin1')]),
      ...exported.map((body): [string, string] => ['a metric', body]),
    ];
    const leaks = printed.flatMap(([what, text]) =>
      secrets.leaksIn(text).map((name) => `${name} in ${what}: ${text.slice(0, 600)}`),
    );
    expect(leaks, leaks.join('\n')).toEqual([]);
    // the run did reach what it meant to
    expect(collector.requests[0]?.headers['x-collector-key']).toBe(running.tokens.collector);
    expect(running.coprocessor.seen).toContain('RouterRequest');
    expect(running.subgraph.seen.some(({ body }) => body.extensions !== undefined)).toBe(true);
    expect(stdout).toContain('NOPERM');
  });

  test('are not in the messages of commands that cannot use Redis', async () => {
    const secrets = new Secrets();
    const store = await secretRedis(secrets, 'password', (password) => ['--requirepass', password]);
    const dir = await project();
    const wrong = store.url(secrets.create('wrong password'));
    const none = store.url('').replace(':@', '');
    const ended = await Promise.all(
      [wrong, none].flatMap((url) =>
        [
          ['keys', 'list', '--redis', url],
          ['keys', 'create', '--owner', 'ann', '--redis', url],
          ['usage', '--redis', url],
        ].map((args) => runCli(dir, args)),
      ),
    );
    expect(ended.map(({ code }) => code === 0)).toEqual(ended.map(() => false));
    expect(ended.flatMap(({ stdout, stderr }) => secrets.leaksIn(stdout + stderr))).toEqual([]);
    for (const { stderr } of ended) expect(stderr).not.toMatch(/\n {4}at /);
  });
});
