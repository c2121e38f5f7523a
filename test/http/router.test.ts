import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { plainEngine } from '../gateway/plain-engine.ts';
import { post, serve } from '../gateway/serving.ts';

const engine = plainEngine('type Query { hello: String }', { hello: () => 'hi' });
const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('health', () => {
  it.each(['/health', '/healthcheck'])('%s says that the process lives', async (path) => {
    const { origin } = await serve({ engine: () => undefined });
    const response = await fetch(origin + path);
    expect([response.status, await response.json()]).toEqual([200, { status: 'UP' }]);
  });

  it.each(['/ready', '/readiness'])('%s says whether there is a schema to answer with', async (path) => {
    let current: typeof engine | undefined;
    const { origin } = await serve({ engine: () => current });
    const before = await fetch(origin + path);
    expect([before.status, await before.json()]).toEqual([503, { status: 'NOT_READY', reason: 'no schema' }]);
    current = engine;
    const after = await fetch(origin + path);
    expect([after.status, await after.json()]).toEqual([200, { status: 'READY' }]);
  });

  it('answers HEAD, and refuses what makes no sense', async () => {
    const { origin } = await serve({ engine: () => engine });
    expect((await fetch(`${origin}/ready`, { method: 'HEAD' })).status).toBe(200);
    const response = await fetch(`${origin}/health`, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('may be switched off', async () => {
    const { origin } = await serve({ engine: () => engine, healthRoutes: false });
    expect((await fetch(`${origin}/health`)).status).toBe(404);
  });
});

describe('GraphiQL', () => {
  it('is served to browsers, with nothing to load from elsewhere', async () => {
    const { url } = await serve({ engine: () => engine });
    const response = await fetch(url, { headers: browser });
    const html = await response.text();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(html).toContain('<title>Headgate</title>');
    expect(html).not.toMatch(/<(script|link)[^>]+(src|href)="?https?:/);
  });

  it('is where a browser is sent that goes to the root', async () => {
    const { origin, url } = await serve({ engine: () => engine });
    const response = await fetch(origin, { headers: browser, redirect: 'manual' });
    expect([response.status, new URL(response.headers.get('location') ?? '', origin).href]).toEqual([302, url]);
    expect((await fetch(origin)).status).toBe(404);
  });

  it('is not served when switched off: a browser learns what to send', async () => {
    const { url } = await serve({ engine: () => engine, graphiql: false });
    const response = await fetch(url, { headers: browser });
    expect(response.status).toBe(400);
    expect((await response.json()).errors[0].message).toMatch(/no "query"/);
  });
});

describe('other paths', () => {
  it('get a JSON 404 that says where things are', async () => {
    const { origin } = await serve({ engine: () => engine });
    const response = await fetch(`${origin}/graph?token=secret`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      errors: [
        {
          message:
            'There is nothing at GET /graph. GraphQL is at /graphql, endpoints are under /bff/, health is at /health and /ready.',
          extensions: { code: 'NOT_FOUND' },
        },
      ],
    });
  });

  it('go to the endpoints of the BFF where they are its own', async () => {
    const { origin } = await serve({
      engine: () => engine,
      bff: {
        handle(req, res) {
          if (!req.url?.startsWith('/bff/')) return false;
          res.end(`for ${req.url} under ${res.getHeader('x-request-id')}`);
          return true;
        },
      },
    });
    const response = await fetch(`${origin}/bff/mobile`, { headers: { 'x-request-id': 'r1' } });
    expect(await response.text()).toBe('for /bff/mobile under r1');
    expect((await fetch(`${origin}/other`)).status).toBe(404);
  });

  it('cannot break the host when a handler throws', async () => {
    const { origin, lines } = await serve({
      engine: () => engine,
      bff: {
        handle() {
          throw new Error('oops');
        },
      },
    });
    const response = await fetch(`${origin}/bff/x`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('oops');
    expect(lines.some((line) => line.level === 'error' && (line.err as Error).message === 'oops')).toBe(true);
  });
});

describe('odd ways of asking', () => {
  it('is by whole URLs, as proxies do', async () => {
    const { port } = await serve({ engine: () => engine });
    const answer = await raw(
      port,
      'GET http://gateway.test/graphql?query={hello} HTTP/1.1\r\nhost: gateway.test\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('{"data":{"hello":"hi"}}');
  });

  it('is under an invalid host name: the response says so', async () => {
    const { port } = await serve({ engine: () => engine });
    const answer = await raw(port, 'GET /graphql?query={hello} HTTP/1.1\r\nhost: a b\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('BAD_REQUEST');
  });
});

describe('the access log', () => {
  it('has a line for each request, without query strings', async () => {
    const { url, lines } = await serve({ engine: () => engine });
    await (await post(url, { query: '{ hello }' }, { 'x-request-id': 'r1' })).text();
    await (await fetch(`${url}?query={hello}`, { headers: { 'x-request-id': 'r2' } })).text();
    const access = () => lines.filter((line) => line.msg === 'request');
    await expect.poll(() => access().length).toBe(2);
    expect(access()).toEqual([
      expect.objectContaining({ level: 'debug', requestId: 'r1', method: 'POST', path: '/graphql', status: 200 }),
      expect.objectContaining({ level: 'debug', requestId: 'r2', method: 'GET', path: '/graphql', status: 200 }),
    ]);
    expect(access()[0]?.durationMs).toBeTypeOf('number');
  });
});

/** Sends bytes as they are, and gives what comes back until the answer's JSON is complete. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk;
      if (answer.endsWith('}')) {
        socket.destroy();
        resolve(answer);
      }
    });
    socket.on('error', reject);
  });
}
