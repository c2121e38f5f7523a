import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  CompositionError,
  type SupergraphListener,
  type SupergraphProvider,
  type SupergraphUpdate,
} from '../../src/composition/supergraph-provider.ts';
import { type Config, configFileSchema } from '../../src/config/config.ts';
import type { EngineFactory } from '../../src/gateway/generations.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../src/gateway/server.ts';
import { plainEngine } from './plain-engine.ts';
import { post, recordingLogger } from './serving.ts';

const PROBLEM = {
  file: 'schemas/users.graphql',
  line: 3,
  column: 1,
  code: 'INVALID_GRAPHQL',
  message: 'Expected Name.',
};

/** A provider that a test feeds by hand. */
function provider(first?: SupergraphUpdate) {
  let listener: SupergraphListener | undefined;
  let closed = false;
  const schema: SupergraphProvider = {
    async load() {
      if (!first) throw new CompositionError([PROBLEM]);
      return first;
    },
    async watch(on) {
      listener = on;
      return {
        async close() {
          closed = true;
        },
      };
    },
  };
  return {
    schema,
    update: (sdl: string) => listener?.update({ sdl }),
    problems: () => listener?.problems([PROBLEM]),
    isClosed: () => closed,
  };
}

/** Engines that answer `version` with the text that stands for their supergraph. */
const createEngine: EngineFactory = function* ({ sdl }) {
  if (sdl === 'broken') throw new Error('no supergraph');
  const version = () => new Promise((resolve) => setImmediate(resolve, sdl));
  return { engine: plainEngine('type Query { version: String }', { version }), close: async () => {} };
};

function config(fields: object = {}): Config {
  const file = configFileSchema.parse({ supergraph: { listen: '127.0.0.1:0' }, ...fields });
  return { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false };
}

async function start(options: Pick<ServerOptions, 'schema'> & Partial<ServerOptions>) {
  const { logger, lines } = recordingLogger();
  const server = await startServer({ config: config(), createEngine, logger, ...options });
  onTestFinished(() => server.close());
  return { server, lines };
}

async function version(server: RunningServer): Promise<unknown> {
  return (await (await post(server.url, { query: '{ version }' })).json()).data?.version;
}

async function readiness(server: RunningServer): Promise<number> {
  return (await fetch(new URL('/ready', server.url))).status;
}

describe('starting', () => {
  it('prints where it listens once it can answer', async () => {
    const print = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    onTestFinished(() => print.mockRestore());
    const { server } = await start({ schema: provider({ sdl: 'v1' }).schema });
    expect(print).toHaveBeenCalledWith(`Headgate listening on http://127.0.0.1:${server.port}/graphql\n`);
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/graphql`);
    expect(await version(server)).toBe('v1');
  });

  it('fails with the problems of the schema', async () => {
    await expect(start({ schema: provider().schema })).rejects.toThrow(/schemas\/users\.graphql:3:1 .*Expected Name/);
  });

  it('in dev, waits for a good schema, not ready until then', async () => {
    const schemas = provider();
    const { server, lines } = await start({ schema: schemas.schema, dev: true });
    expect(await readiness(server)).toBe(503);
    expect(lines.find((line) => line.msg.startsWith('no schema'))?.reason).toMatch(/schemas\/users\.graphql:3:1/);
    schemas.update('v1');
    expect(await readiness(server)).toBe(200);
    expect(await version(server)).toBe('v1');
  });

  it('fails, and leaves nothing running, when the port cannot be had', async () => {
    const { server } = await start({ schema: provider({ sdl: 'v1' }).schema });
    const second = provider({ sdl: 'v1' });
    const taken = config({ supergraph: { listen: `127.0.0.1:${server.port}` } });
    await expect(start({ schema: second.schema, config: taken })).rejects.toThrow('the port is in use');
    expect(second.isClosed()).toBe(true);
  });
});

describe('a schema that changes', () => {
  it('is swapped in without dropping a request', async () => {
    const schemas = provider({ sdl: 'v0' });
    const { server } = await start({ schema: schemas.schema });
    const seen = new Set<unknown>();
    let stop = false;
    const clients = Array.from({ length: 8 }, async () => {
      while (!stop) seen.add(await version(server));
    });
    for (let number = 1; number <= 10; number++) {
      schemas.update(`v${number}`);
      await expect.poll(() => seen.has(`v${number}`), { interval: 1 }).toBe(true);
    }
    stop = true;
    await Promise.all(clients);
    expect([...seen].every((value) => /^v\d+$/.test(String(value)))).toBe(true);
  });

  it('stays as it was when the new one has problems, or cannot be served', async () => {
    const schemas = provider({ sdl: 'v1' });
    const { server, lines } = await start({ schema: schemas.schema });
    schemas.problems();
    schemas.update('broken');
    expect(await version(server)).toBe('v1');
    expect(await readiness(server)).toBe(200);
    const errors = lines.filter((line) => line.level === 'error');
    expect(errors[0]?.problems).toEqual([expect.stringMatching(/^schemas\/users\.graphql:3:1 .*Expected Name/)]);
    expect(errors[1]).toMatchObject({ err: { message: 'no supergraph' } });
  });
});

describe('settings', () => {
  it('come from the config', async () => {
    const limited = config({ limits: { http_max_request_bytes: 50 }, health_check: { enabled: false } });
    const { server } = await start({
      schema: provider({ sdl: 'v1' }).schema,
      config: { ...limited, production: true },
    });
    expect((await post(server.url, { query: `{ version } #${'x'.repeat(50)}` })).status).toBe(413);
    expect(await readiness(server)).toBe(404);
    expect((await fetch(server.url, { headers: { accept: 'text/html,*/*' } })).status).toBe(400);
  });
});

describe('BFF endpoints', () => {
  it('are served from their folder, and read again in dev when it changes', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'headgate-bff-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    mkdirSync(join(dir, 'mobile'));
    writeFileSync(join(dir, 'mobile', 'version.graphql'), 'query Version @endpoint(path: "/version") { version }');
    const { server } = await start({ schema: provider({ sdl: 'v1' }).schema, bffDir: dir, dev: true });
    const get = (path: string) => fetch(new URL(`/bff/mobile${path}`, server.url));
    const response = await get('/version');
    expect(await response.json()).toEqual({ version: 'v1' });
    expect(response.headers.get('x-request-id')).toMatch(/./);
    writeFileSync(join(dir, 'mobile', 'again.graphql'), 'query Again @endpoint(path: "/again") { version }');
    await expect.poll(async () => (await get('/again')).status).toBe(200);
  });
});

it('closes once, with its schema watching', async () => {
  const schemas = provider({ sdl: 'v1' });
  const { server } = await start({ schema: schemas.schema });
  await Promise.all([server.close(), server.close()]);
  expect(schemas.isClosed()).toBe(true);
  await expect(post(server.url, { query: '{ version }' })).rejects.toThrow();
});
