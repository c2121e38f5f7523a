import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { openRequestPolicies } from '../../src/gateway/request-policies.ts';
import { requestCounter } from '../../src/http/middleware/rate-limit.ts';
import { createRateLimits } from '../../src/policy/rate-limits/rate-limits.ts';
import { plainEngine } from '../gateway/plain-engine.ts';
import { post, recordingLogger, type Serving, serve } from '../gateway/serving.ts';

const executed: string[] = [];
const engine = plainEngine('type Query { hello(name: String = "you"): String } type Mutation { add(by: Int!): Int }', {
  hello: ({ name }) => {
    executed.push(`hello ${name}`);
    return `Hello, ${name}`;
  },
  add: ({ by }) => by,
});

const FORMS = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'];
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0';

describe.each(['auto', 'all-yoga'] as const)('requests, lanes: %s', (handlers) => {
  /** A host as this part of a config says. */
  async function start(part: Record<string, unknown> = {}): Promise<Serving> {
    const { logger } = recordingLogger();
    const config = { ...configFileSchema.parse(part), production: false } as never;
    const { policies, close } = await openRequestPolicies(config, {
      logger,
      redis: undefined,
      engine: () => engine,
      dev: false,
    });
    onTestFinished(close);
    const { rate_limits } = configFileSchema.parse(part);
    const limits = createRateLimits(rate_limits, undefined, { now: () => Date.UTC(2026, 0, 31) });
    executed.length = 0;
    return serve({ engine: () => engine, handlers, ...policies, countRequest: requestCounter(limits) });
  }

  /** GET with these headers and no other, as a browser would send them. */
  function get(url: string, headers: Record<string, string>) {
    return send(url, 'GET', headers);
  }

  const query = (name: string) => ({ query: `{ hello(name: "${name}") }` });
  const hello = (name: string) => ({ data: { hello: `Hello, ${name}` } });

  describe('CSRF prevention', () => {
    const asQuery = (url: string) => `${url}?query=${encodeURIComponent('{ hello }')}`;

    it.each([
      [
        'an image on another page',
        { 'user-agent': BROWSER, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' },
      ],
      ['an old browser', { 'user-agent': BROWSER }],
      ['a form', { 'user-agent': BROWSER, 'content-type': 'text/plain' }],
      ['something with a cookie', { 'user-agent': 'x', cookie: 'session=1' }],
      ['something without a name', {}],
      ['a content type that is none', { 'user-agent': BROWSER, 'content-type': 'nonsense' }],
    ])('refuses a GET from %s, before anything is executed', async (_, headers) => {
      const { url } = await start();
      const { status, body } = await get(asQuery(url), headers);
      expect([status, JSON.parse(body).errors[0].extensions.code]).toEqual([400, 'CSRF_ERROR']);
      expect(executed).toEqual([]);
    });

    it.each([
      ['with a header that browsers ask about first', { 'user-agent': BROWSER, 'apollo-require-preflight': '1' }],
      ['with the name of its operation', { 'user-agent': BROWSER, 'x-apollo-operation-name': 'Hello' }],
      ['with the content type of JSON', { 'user-agent': BROWSER, 'content-type': 'application/json' }],
      ['from a page of our own', { 'user-agent': BROWSER, 'sec-fetch-site': 'same-origin' }],
      ['typed into the address bar', { 'user-agent': BROWSER, 'sec-fetch-site': 'none' }],
      ['from a program', { 'user-agent': 'curl/8.0' }],
    ])('answers a GET %s', async (_, headers) => {
      const { url } = await start();
      const { status, body } = await get(asQuery(url), headers);
      expect([status, JSON.parse(body)]).toEqual([200, hello('you')]);
    });

    it('serves GraphiQL to browsers, from any link', async () => {
      const { url } = await start();
      const headers = { 'user-agent': BROWSER, accept: 'text/html', 'sec-fetch-site': 'cross-site' };
      const { status, body } = await get(url, headers);
      expect(status).toBe(200);
      expect(body).toContain('<!');
    });

    it('never takes a POST that a form could send', async () => {
      const { url } = await start();
      for (const type of [...FORMS, 'application/x-www-form-urlencoded, a+json']) {
        expect((await post(url, query('a'), { 'content-type': type })).status).toBe(415);
      }
      expect(executed).toEqual([]);
    });

    it('can be switched off', async () => {
      const { url } = await start({ csrf: { unsafe_disabled: true } });
      expect((await get(asQuery(url), { 'user-agent': BROWSER })).status).toBe(200);
    });
  });

  describe('CORS', () => {
    const cors = {
      policies: [
        { origins: ['https://app.example.com'], allow_credentials: true, max_age: '1h', allow_headers: ['x-app'] },
        { match_origins: ['https://[a-z]+\\.preview\\.example\\.com'] },
      ],
    };
    const preflight = (url: string, origin: string) =>
      send(url, 'OPTIONS', {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-trace',
      });

    it('answers preflight requests without executing or asking who it is', async () => {
      const { url } = await start({ cors });
      const { status, headers } = await preflight(url, 'https://app.example.com');
      expect(status).toBe(204);
      expect(headers).toMatchObject({
        'access-control-allow-origin': 'https://app.example.com',
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, POST, OPTIONS',
        'access-control-allow-headers': 'x-app',
        'access-control-max-age': '3600',
        vary: 'origin, access-control-request-headers',
      });
      const second = await preflight(url, 'https://pr.preview.example.com');
      expect(second.headers['access-control-allow-headers']).toBe('content-type,x-trace');
      expect(second.headers['access-control-allow-credentials']).toBeUndefined();
    });

    it.each([
      'https://evil.example',
      'https://app.example.com.evil.example',
      'https://app.example.com:8443',
      'http://app.example.com',
      'https://pr.preview.example.com.evil.example',
      'https://x-evil.example/https://pr.preview.example.com',
      'null',
    ])('allows nothing to %s', async (origin) => {
      const { url } = await start({ cors });
      const { headers } = await preflight(url, origin);
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      const answer = await post(url, query('a'), { origin });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      expect(answer.headers.get('vary')).toBe('origin');
    });

    it('lets pages that may read answers, errors, too', async () => {
      const { url } = await start({ cors });
      const origin = 'https://app.example.com';
      for (const answer of [await post(url, query('a'), { origin }), await post(url, '{', { origin })]) {
        expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
        expect(answer.headers.get('access-control-expose-headers')).toContain('ratelimit');
        expect(answer.headers.get('vary')).toBe('origin');
      }
    });

    it('tells caches that the answer to others differs', async () => {
      const { url } = await start({ cors });
      expect((await post(url, query('a'))).headers.get('vary')).toBe('origin');
    });

    it('may be open to all, and hold for some paths only', async () => {
      const { url, origin } = await start({ cors: { policies: [{ origins: ['*'], paths: ['/health'] }] } });
      const health = await send(`${origin}/health`, 'GET', { origin: 'https://any.example' });
      expect(health.headers['access-control-allow-origin']).toBe('*');
      expect((await post(url, query('a'), { origin: 'https://any.example' })).headers.get('vary')).toBeNull();
    });
  });

  it('sends headers that make browsers careful, and none about TLS without TLS', async () => {
    const { url } = await start();
    for (const answer of [await post(url, query('a')), await post(url, '{'), await fetch(`${url}/nothing/here`)]) {
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      });
      expect(answer.headers.get('strict-transport-security')).toBeNull();
    }
    const silent = await start({ security_headers: { enabled: false } });
    expect((await post(silent.url, query('a'))).headers.get('x-content-type-options')).toBeNull();
  });

  it('keeps out addresses, for all routes or for some', async () => {
    const code = async (lists: object) => {
      const { url } = await start({ ip_lists: lists });
      const answer = await post(url, query('a'));
      return answer.status === 200 ? 200 : [answer.status, (await answer.json()).errors[0].extensions.code];
    };
    expect(await code({ deny: ['127.0.0.0/8'] })).toEqual([403, 'FORBIDDEN']);
    expect(await code({ allow: ['10.0.0.0/8', '2001:db8::/32'] })).toEqual([403, 'FORBIDDEN']);
    expect(await code({ allow: ['127.0.0.1'] })).toBe(200);
    expect(await code({ routes: { '/graphql': { allow: ['10.0.0.0/8'] } } })).toEqual([403, 'FORBIDDEN']);
    expect(await code({ routes: { '/bff': { allow: ['10.0.0.0/8'] } } })).toBe(200);
    const { origin } = await start({ ip_lists: { deny: ['0.0.0.0/0'] } });
    expect((await fetch(`${origin}/health`)).status).toBe(200);
    const problem = await fetch(`${origin}/bff/web/home`);
    expect(problem.headers.get('content-type')).toContain('application/problem+json');
    expect(await problem.json()).toMatchObject({ status: 403, type: 'urn:headgate:problem:forbidden' });
  });

  describe('batches', () => {
    it('are refused unless they are switched on', async () => {
      const { url } = await start();
      const answer = await post(url, JSON.stringify([query('a')]));
      expect([answer.status, (await answer.json()).errors[0].extensions.code]).toEqual([400, 'BATCHING_NOT_SUPPORTED']);
    });

    it('are answered in their order, each operation for itself', async () => {
      const { url } = await start({ batching: { enabled: true } });
      const answer = await post(
        url,
        JSON.stringify([query('a'), { query: '{ nope }' }, 7, { query: '{' }, query('b')]),
      );
      expect(answer.status).toBe(200);
      const [first, second, third, fourth, fifth] = await answer.json();
      expect([first, fifth]).toEqual([hello('a'), hello('b')]);
      expect(second.errors[0].extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
      expect(third.errors[0].extensions.code).toBe('BAD_REQUEST');
      expect(fourth.errors[0].extensions.code).toBe('GRAPHQL_PARSE_FAILED');
    });

    it('have a largest size', async () => {
      const { url } = await start({ batching: { enabled: true, maximum_size: 2 } });
      const answer = await post(url, JSON.stringify([query('a'), query('b'), query('c')]));
      expect([answer.status, (await answer.json()).errors[0].extensions.code]).toEqual([400, 'BATCH_LIMIT_EXCEEDED']);
      expect(executed).toEqual([]);
    });

    it('count as many requests as they have operations', async () => {
      const { url } = await start({ batching: { enabled: true }, rate_limits: { requests: [{ limit: 2 }] } });
      const answers = await (await post(url, JSON.stringify([query('a'), query('b'), query('c')]))).json();
      const codes = answers.map(
        (answer: { errors?: { extensions: { code: string } }[] }) => answer.errors?.[0]?.extensions.code,
      );
      expect(codes).toEqual([undefined, undefined, 'RATE_LIMITED']);
    });
  });

  describe('limits of whole requests', () => {
    it('answer 429 with the headers of the draft, and count what is no operation, too', async () => {
      const { url } = await start({
        rate_limits: { requests: [{ limit: 2, window: '10s', name: 'all', by: ['ip'] }] },
      });
      const first = await post(url, query('a'));
      expect(first.headers.get('ratelimit-policy')).toBe('"all";q=2;w=10');
      expect(first.headers.get('ratelimit')).toBe('"all";r=1;t=5');
      const broken = await post(url, { query: '{' });
      expect([broken.status, broken.headers.get('ratelimit')]).toEqual([200, '"all";r=0;t=10']);
      for (const body of [query('a'), { query: '{' }]) {
        const refused = await post(url, body);
        expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
        expect(refused.headers.get('ratelimit')).toBe('"all";r=0;t=10');
        expect(await refused.json()).toEqual({
          errors: [
            {
              message: 'Too many requests: the limit "all" is 2 in 10s. Try again in 5 seconds.',
              extensions: { code: 'RATE_LIMITED', retryAfter: 5 },
            },
          ],
        });
      }
    });

    it('count each of several identical queries that are in flight together', async () => {
      const { url } = await start({ rate_limits: { requests: [{ limit: 3 }] } });
      const answers = await Promise.all(Array.from({ length: 8 }, () => post(url, query('same'))));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);
    });
  });

  describe('persisted documents', () => {
    const text = '{ hello(name: "persisted") }';
    const sha256Hash = createHash('sha256').update(text).digest('hex');
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    const codeOf = async (answer: Response) => (await answer.json()).errors?.[0]?.extensions.code ?? 'answered';

    it('are registered by sending them once', async () => {
      const { url } = await start();
      const unknown = await post(url, { extensions });
      expect(unknown.headers.get('cache-control')).toBe('no-store');
      expect(await unknown.json()).toEqual({
        errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
      });
      expect(await (await post(url, { query: text, extensions })).json()).toEqual(hello('persisted'));
      expect(await (await post(url, { extensions })).json()).toEqual(hello('persisted'));
      expect(await (await post(url, { documentId: `sha256:${sha256Hash}` })).json()).toEqual(hello('persisted'));
      const byGet = await fetch(`${url}?extensions=${encodeURIComponent(JSON.stringify(extensions))}`);
      expect(await byGet.json()).toEqual(hello('persisted'));
    });

    it('are not registered under a hash that is not theirs', async () => {
      const { url } = await start();
      const lie = await post(url, { query: '{ hello(name: "lie") }', extensions });
      expect([lie.status, await codeOf(lie)]).toEqual([400, 'BAD_REQUEST']);
      expect(await codeOf(await post(url, { extensions }))).toBe('PERSISTED_QUERY_NOT_FOUND');
    });

    it('are not known where nothing of the kind is switched on', async () => {
      const { url } = await start({ apq: { enabled: false } });
      expect(await codeOf(await post(url, { extensions }))).toBe('BAD_REQUEST');
    });

    /** A manifest of two operations, in the format of Relay. */
    function manifest(): string {
      const dir = mkdtempSync(join(tmpdir(), 'headgate-manifest-'));
      onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
      const file = join(dir, 'relay.json');
      writeFileSync(
        file,
        JSON.stringify({ [sha256Hash]: text, Greeting: 'query Greeting($n: String) { hello(name: $n) }' }),
      );
      return file;
    }

    it('are named by id in the body, in the URL or by the path', async () => {
      const { url } = await start({ persisted_queries: { enabled: true, manifest: [manifest()] } });
      const variables = { n: 'Ada' };
      const inUrl = encodeURIComponent(JSON.stringify(variables));
      for (const answer of [
        await post(url, { documentId: 'Greeting', variables }),
        await post(url, { id: 'Greeting', variables }),
        await post(`${url}/Greeting`, { variables }),
        await fetch(`${url}?documentId=Greeting&variables=${inUrl}`),
        await fetch(`${url}/Greeting?variables=${inUrl}`),
      ]) {
        expect(await answer.json()).toEqual(hello('Ada'));
      }
      expect(await codeOf(await post(url, { documentId: 'Other' }))).toBe('PERSISTED_QUERY_NOT_FOUND');
      expect(await codeOf(await post(url, query('free')))).toBe('answered');
    });

    it('may be all that is answered: a safelist', async () => {
      const { url } = await start({
        persisted_queries: { enabled: true, manifest: [manifest()], safelist: { enabled: true } },
      });
      expect(await codeOf(await post(url, { documentId: 'Greeting' }))).toBe('answered');
      expect(await codeOf(await post(url, { query: '# spaced\n{hello   (name:"persisted"),}' }))).toBe('answered');
      expect(await codeOf(await post(url, query('free')))).toBe('PERSISTED_QUERY_NOT_IN_LIST');
      const free = '{ hello(name: "free") }';
      const hash = createHash('sha256').update(free).digest('hex');
      const registering = { query: free, extensions: { persistedQuery: { version: 1, sha256Hash: hash } } };
      expect(await codeOf(await post(url, registering))).toBe('PERSISTED_QUERY_NOT_IN_LIST');
      expect(executed).toEqual(['hello null', 'hello persisted'].map((one) => one.replace('null', 'you')));
    });

    it('may have to be named', async () => {
      const { url } = await start({
        persisted_queries: { enabled: true, manifest: [manifest()], safelist: { enabled: true, require_id: true } },
      });
      expect(await codeOf(await post(url, { documentId: 'Greeting' }))).toBe('answered');
      expect(await codeOf(await post(url, { extensions }))).toBe('answered');
      expect(await codeOf(await post(url, { query: text }))).toBe('PERSISTED_QUERY_ID_REQUIRED');
      expect(await codeOf(await fetch(`${url}?query=${encodeURIComponent(text)}`))).toBe('PERSISTED_QUERY_ID_REQUIRED');
    });
  });

  it('refuses a URL that is too long', async () => {
    const { url } = await start({ limits: { http_max_url_bytes: 200 } });
    const long = await fetch(`${url}?query=${encodeURIComponent(`{ hello } #${'x'.repeat(200)}`)}`);
    expect([long.status, (await long.json()).errors[0].extensions.code]).toEqual([414, 'URI_TOO_LONG']);
  });
});

describe('connections', () => {
  it('are closed with 431 when the headers are too large', async () => {
    const { url } = await serve({ engine: () => engine });
    const { status } = await send(url, 'GET', { 'x-large': 'x'.repeat(20_000) });
    expect(status).toBe(431);
  });

  it.each([
    ['headers', 'POST /graphql HTTP/1.1\r\nhost: x\r\nx-slow: '],
    ['a body', 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"q'],
  ])('are closed with 408 when a client sends %s drop by drop', async (_, beginning) => {
    const { port } = await serve({ engine: () => engine }, { headersTimeoutMs: 200, requestTimeoutMs: 200 });
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let answer = '';
    const closed = new Promise((resolve) => socket.on('data', (chunk) => (answer += chunk)).on('close', resolve));
    socket.write(beginning);
    const drops = setInterval(() => socket.writable && socket.write('x'), 20);
    await closed;
    clearInterval(drops);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });
});

interface Sent {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request with no other headers than these; `fetch` would add some of its own. */
function send(url: string, method: string, headers: Record<string, string>): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const req = httpRequest(url, { method, headers }, async (res) => {
      let body = '';
      for await (const chunk of res) body += chunk;
      resolve({ status: res.statusCode, headers: res.headers, body });
    });
    req.on('error', reject).end();
  });
}
