import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../gateway/serving.ts';
import { startWorld } from '../world.ts';
import { type Message, startCoprocessor } from './world.ts';

/** Ways in which a coprocessor fails, with what the log says. */
const FAILURES: Readonly<Record<string, readonly [(message: Message, response: ServerResponse) => unknown, RegExp]>> = {
  hangs: [() => undefined, /no response within 500 ms/],
  'begins a response and hangs': [(_, response) => void response.write('{'), /no response within 500 ms/],
  'closes the connection': [(_, response) => void response.destroy(), /socket hang up/],
  'responds with an error': [(_, response) => void response.writeHead(500).end('{}'), /the status 500; expected 200/],
  redirects: [(_, response) => void response.writeHead(302, { location: '/' }).end(), /the status 302/],
  'returns no JSON': [(_, response) => void response.end('<html>'), /its response is not JSON/],
  'returns nothing': [(_, response) => void response.end(), /its response is not JSON/],
  'returns a list': [() => [], /it returned a list; expected a JSON object/],
  'returns too much': [(_, response) => void response.end('x'.repeat(100_000)), /larger than 65536 bytes/],
  'never ends its response': [(_, response) => flood(response), /larger than 65536 bytes/],
  'nests deeply': [(_, response) => void response.end('['.repeat(60_000)), /its response is not JSON/],
  'changes the stage': [() => ({ stage: 'Other' }), /it changed "stage"/],
  'changes the version': [() => ({ version: 2 }), /it changed "version", which must stay 1/],
  'changes the id': [() => ({ id: 'other' }), /it changed "id"/],
  'breaks with no status': [() => ({ control: { break: 99 } }), /its "control" is not valid/],
  'has an unknown control': [() => ({ control: 'stop' }), /its "control" is not valid/],
  'has headers that are none': [() => ({ headers: { 'x y': ['z'] } }), /its header "x y" is not valid/],
  'has a header with a line break': [() => ({ headers: { x: ['a\nb: c'] } }), /its header "x" is not valid/],
  'has headers of numbers': [() => ({ headers: { x: [1] } }), /its header "x" is not a list of texts/],
  'has a body that is a number': [() => ({ body: 7 }), /its "body" is /],
  'has entries that are a list': [() => ({ context: { entries: [] } }), /its "context" has no object "entries"/],
  'has no status': [() => ({ statusCode: 1000 }), /its "statusCode" is number 1000/],
};

function flood(response: ServerResponse): void {
  const more = () => {
    while (!response.destroyed && response.write('x'.repeat(16_384)));
  };
  response.on('drain', more);
  more();
}

/** The messages of all errors in the log. */
function reasons(lines: readonly LogLine[]): string {
  return lines.map(({ err }) => (err as Error | undefined)?.message).join('\n');
}

const STAGES = {
  router: { request: {}, response: {} },
  supergraph: { request: { body: true }, response: {} },
  execution: { request: {}, response: {} },
  subgraph: { all: { request: {}, response: {} } },
};
const LIMITS = { max_response_size: '64KiB' };

describe.each(Object.entries(FAILURES))('a coprocessor that %s', (name, [answer, logged]) => {
  it('fails its request, masked and logged; others do not notice', async () => {
    // long where nothing has to wait for it: a busy machine may respond late
    const timeout = name.endsWith('hangs') ? '500ms' : '60s';
    const settings = { ...LIMITS, timeout, ...STAGES };
    let failing = '';
    const { post, lines } = await startCoprocessor(settings, (message, response) =>
      message.stage === failing ? answer(message, response) : {},
    );
    for (failing of ['RouterRequest', 'SupergraphRequest', 'ExecutionResponse', 'RouterResponse']) {
      lines.length = 0;
      const response = await post('{ hello }');
      expect([failing, response.status, await response.json()]).toEqual([
        failing,
        500,
        { errors: [{ message: 'A plugin of the gateway failed.', extensions: { code: 'PLUGIN_FAILED' } }] },
      ]);
      expect(lines.filter(({ msg }) => msg === 'plugin failed')).toHaveLength(1);
      expect(reasons(lines)).toMatch(logged);
      expect(reasons(lines)).toContain(failing);
    }
    failing = 'SubgraphRequest';
    const { data, errors } = await (await post('{ hello }')).json();
    expect([data, errors[0].extensions.code]).toEqual([{ hello: null }, 'PLUGIN_FAILED']);
    failing = '';
    expect(await (await post('{ hello }')).json()).toEqual({ data: { hello: 'hi' } });
  });
});

it('a stage with on_error: ignore goes on as if nothing had been returned', async () => {
  const open = { on_error: 'ignore', headers: true } as const;
  const { post, lines } = await startCoprocessor(
    {
      router: { request: open, response: open },
      supergraph: { request: { ...open, body: true }, response: open },
      execution: { request: open, response: open },
      subgraph: { all: { request: open, response: open } },
    },
    // what is wrong comes after what could be applied
    () => ({ headers: {}, body: '', context: { entries: [] } }),
  );
  expect(await (await post('{ hello }')).json()).toEqual({ data: { hello: 'hi' } });
  expect(lines.filter(({ msg }) => msg === 'coprocessor failed; ignored')).toHaveLength(8);
});

it.each([
  ['is down', 'http://127.0.0.1:1/', /ECONNREFUSED/],
  ['has no socket', 'unix:///nowhere/at-all.sock', /ENOENT/],
])('a coprocessor that %s fails the request', async (_, url, logged) => {
  const { post, lines } = await startWorld({ config: { coprocessor: { url, router: { request: {} } } } });
  expect((await post('{ hello }')).status).toBe(500);
  expect(reasons(lines)).toMatch(logged);
});

it('claims and bodies that come too late are refused, because nothing would follow them', async () => {
  const claims = { context: { entries: { 'apollo::authentication::jwt_claims': { sub: 'admin' } } } };
  for (const [answer, logged] of [
    [claims, 'which only the stage RouterRequest can do'],
    [{ body: { query: '{ secret }' } }, 'which is planned already'],
  ] as const) {
    const { post, lines } = await startCoprocessor({ execution: { request: { body: true } } }, () => answer);
    expect((await post('{ hello }')).status).toBe(500);
    expect(reasons(lines)).toContain(logged);
  }
});

it('a request body that is too large is refused before the coprocessor gets it', async () => {
  const { post, messages, lines } = await startCoprocessor({ router: { request: { body: true } } }, undefined, {
    config: { limits: { http_max_request_bytes: 1_000 } },
  });
  expect((await post(`{ hello } # ${'x'.repeat(2_000)}`)).status).toBe(413);
  expect(messages).toHaveLength(0);
  expect(lines.map(({ msg }) => msg)).not.toContain('plugin failed');
});

it('credentials in the URL reach the coprocessor, and no log', async () => {
  const { post, lines } = await startWorld({
    config: { coprocessor: { url: 'http://user:top-secret@127.0.0.1:1/path?token=hidden', router: { request: {} } } },
  });
  await post('{ hello }');
  expect(JSON.stringify(lines)).not.toMatch(/top-secret|hidden/);
});

it('a connection that the coprocessor has closed is opened again', async () => {
  const { post, messages } = await startCoprocessor({ router: { request: {} } }, (message, response) => {
    // the server says nothing of it
    response.socket?.setTimeout(1);
    response.on('finish', () => setImmediate(() => response.socket?.destroySoon()));
    return message;
  });
  for (let i = 0; i < 20; i++) expect((await post('{ hello }')).status).toBe(200);
  expect(messages.length).toBeGreaterThanOrEqual(20);
});
