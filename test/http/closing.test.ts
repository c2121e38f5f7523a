import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGatewayHandler } from '../../src/gateway/gateway-handler.ts';
import { listen } from '../../src/http/listener.ts';
import { plainEngine } from '../gateway/plain-engine.ts';
import { latch, post, recordingLogger } from '../gateway/serving.ts';
import { measured } from '../telemetry/measured.ts';

async function start(resolve: () => unknown, times: { graceMs?: number; lingerMs?: number } = {}) {
  const engine = plainEngine('type Query { hello: String }', { hello: resolve });
  const { logger, lines } = recordingLogger();
  const { instruments, lines: metricLines } = measured();
  const statuses = () => metricLines('headgate_http_requests_total');
  const host = createGatewayHandler({
    engine: () => engine,
    logger,
    instruments,
    maxRequestBytes: 10_000,
    timeoutMs: 10_000,
    shareQueries: false,
    graphiql: false,
  });
  const listener = await listen(host, { host: '127.0.0.1', port: 0, ...times });
  onTestFinished(() => listener.close());
  return { ...listener, url: `${listener.origin}/graphql`, lines, statuses };
}

describe('closing', () => {
  it('answers what is in flight, closes its connection, and takes nothing new', async () => {
    const gate = latch();
    let asked = 0;
    const { url, close } = await start(() => {
      asked++;
      return gate.promise.then(() => 'hi');
    });
    const answer = post(url, { query: '{ hello }' });
    await expect.poll(() => asked).toBe(1);
    const closed = close();
    await expect(post(url, { query: '{ hello }' })).rejects.toThrow();
    gate.open();
    const response = await answer;
    expect(response.headers.get('connection')).toBe('close');
    expect(await response.json()).toEqual({ data: { hello: 'hi' } });
    await closed;
  });

  it('says not ready on connections that are still open, and answers there one last time', async () => {
    const { origin, port, close } = await start(() => 'hi', { lingerMs: 5_000 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect((await get(agent, port, '/ready')).status).toBe(200);
    const closed = close();
    const last = await get(agent, port, '/ready');
    expect(last).toEqual({ status: 503, connection: 'close', body: '{"status":"NOT_READY","reason":"draining"}' });
    await closed;
    await expect(fetch(origin)).rejects.toThrow();
  });

  it('answers new connections during the delay; that it is not ready is no error in the log and the metrics', async () => {
    const gate = latch();
    const { url, origin, close, lines, statuses } = await start(() => gate.promise.then(() => 'hi'));
    const before = post(url, { query: '{ hello }' });
    const closed = close({ delayMs: 2_000 });
    const ready = await fetch(`${origin}/ready`);
    expect([ready.status, ready.headers.get('connection')]).toEqual([503, 'close']);
    gate.open();
    expect(await (await before).json()).toEqual({ data: { hello: 'hi' } });
    await closed;
    await expect(fetch(origin)).rejects.toThrow();
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(await statuses()).toContain('headgate_http_requests_total{route="health",status="draining"} 1');
  });

  it('does not wait for connections that are idle, or that never asked for anything', async () => {
    const { port, close } = await start(() => 'hi', { lingerMs: 10 });
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    await get(agent, port, '/ready');
    const silent = connect(port, '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    silent.on('error', () => {});
    await close();
  });

  it('breaks off what takes longer than the grace period', async () => {
    let asked = 0;
    const { url, close, lines, statuses } = await start(
      () => {
        asked++;
        return new Promise(() => {});
      },
      { graceMs: 50, lingerMs: 10 },
    );
    const answer = post(url, { query: '{ hello }' });
    answer.catch(() => {});
    await expect.poll(() => asked).toBe(1);
    await close();
    await expect(answer).rejects.toThrow();
    await expect.poll(statuses).toEqual(['headgate_http_requests_total{route="graphql",status="cut_off"} 1']);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'warn', msg: 'requests cut off at shutdown', requests: 1 }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'warn', msg: 'request cut off', method: 'POST', path: '/graphql' }),
    );
  });

  it('under load, answers every request that was sent on an open connection', async () => {
    const { url, close } = await start(() => new Promise((resolve) => setTimeout(resolve, 1, 'hi')));
    const { port } = new URL(url);
    const agents = Array.from({ length: 20 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    let answered = 0;
    let stopping = false;
    const failures: string[] = [];
    const clients = agents.map(async (agent) => {
      for (;;) {
        const answer = await ask(agent, Number(port));
        // A refused connection is how a client learns that the server is going; a broken one is a lost request.
        if (answer === 'ECONNREFUSED' && stopping) return;
        if (answer === 'hi') answered++;
        else failures.push(answer);
        if (failures.length > 0) return;
      }
    });
    await expect.poll(() => answered).toBeGreaterThan(200);
    stopping = true;
    await close();
    await Promise.all(clients);
    for (const agent of agents) agent.destroy();
    expect(failures).toEqual([]);
  });
});

it('says what to do when the port is in use', async () => {
  const first = await start(() => 'hi');
  const host = createGatewayHandler({
    engine: () => undefined,
    logger: recordingLogger().logger,
    maxRequestBytes: 1,
    timeoutMs: 1,
    shareQueries: false,
    graphiql: false,
  });
  await expect(listen(host, { host: '127.0.0.1', port: first.port })).rejects.toThrow(
    `Cannot listen on 127.0.0.1:${first.port}: the port is in use. Another process listens there: end it, or choose another port with --port`,
  );
});

function get(agent: Agent, port: number, path: string) {
  return new Promise<{ status?: number | undefined; connection?: string | undefined; body: string }>(
    (resolve, reject) => {
      const req = httpRequest({ agent, port, host: '127.0.0.1', path }, (res) => {
        let body = '';
        res.setEncoding('utf8').on('data', (chunk) => {
          body += chunk;
        });
        res.on('end', () => resolve({ status: res.statusCode, connection: res.headers.connection, body }));
      });
      req.on('error', reject).end();
    },
  );
}

/** `hi`, or the error's code. */
function ask(agent: Agent, port: number): Promise<string> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const req = httpRequest({ agent, port, host: '127.0.0.1', path: '/graphql', method: 'POST', headers }, (res) => {
      let body = '';
      res.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      res.on('end', () => resolve(body === '{"data":{"hello":"hi"}}' ? 'hi' : `${res.statusCode} ${body}`));
      res.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message));
    });
    req.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message));
    req.end('{"query":"{ hello }"}');
  });
}
