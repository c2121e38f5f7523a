import type { IncomingHttpHeaders, RequestListener, Server } from 'node:http';
import { onTestFinished } from 'vitest';
import type { SupergraphListener, SupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { configFileSchema } from '../../src/config/config.ts';
import { type RunningServer, startServer } from '../../src/gateway/server.ts';
import type { Source } from '../../src/sources/source.ts';
import { bodyOf, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { responseText } from '../sources/response-text.ts';
import { createWorld, type World, type WorldSubgraph } from '../worlds/world.ts';
import { type LogLine, recordingLogger } from './serving.ts';

export interface HttpWorld {
  readonly server: RunningServer;
  readonly lines: readonly LogLine[];
  /** How often each subgraph was called. */
  readonly calls: Readonly<Record<string, number>>;
  /** The headers of each call, by subgraph. */
  readonly seen: Readonly<Record<string, IncomingHttpHeaders[]>>;
  /** From now on the subgraph answers like this; `undefined` repairs it. */
  behave(subgraph: string, listener: RequestListener | undefined): void;
  /** Ends the subgraph's server, as if its process were gone. */
  stop(subgraph: string): void;
  /** The provider reports a new supergraph. */
  update(sdl: string): void;
  readonly supergraphSdl: string;
  readonly schemas: World['schemas'];
  /** The server of a subgraph. */
  serverOf(subgraph: string): Server;
}

/** Subgraphs as real HTTP servers, and the whole gateway before them, all on free ports of this machine. */
export async function httpWorld(
  subgraphs: Record<string, WorldSubgraph>,
  options: {
    timeout?: string;
    graceMs?: number;
    config?: Record<string, unknown>;
    bffDir?: string;
    dev?: boolean;
    /** The supergraph, where it is another one than that of the subgraphs. */
    supergraphSdl?: string;
  } = {},
): Promise<HttpWorld> {
  const world = createWorld({ subgraphs });
  const calls: Record<string, number> = {};
  const seen: Record<string, IncomingHttpHeaders[]> = {};
  const faults = new Map<string, RequestListener | undefined>();
  const servers = new Map<string, Awaited<ReturnType<typeof fakeSubgraph>>>();
  for (const [name, source] of world.sources) {
    calls[name] = 0;
    seen[name] = [];
    const healthy = overHttp(source);
    const running = await fakeSubgraph((req, res) => {
      calls[name] = (calls[name] ?? 0) + 1;
      seen[name]?.push(req.headers);
      (faults.get(name) ?? healthy)(req, res);
    });
    servers.set(name, running);
  }
  let listener: SupergraphListener | undefined;
  const schema: SupergraphProvider = {
    load: async () => ({ sdl: options.supergraphSdl ?? world.supergraphSdl }),
    watch: async (on) => {
      listener = on;
      return { close: async () => {} };
    },
  };
  const file = configFileSchema.parse({
    supergraph: { listen: '127.0.0.1:0' },
    traffic_shaping: { all: { timeout: options.timeout ?? '5s' } },
    subgraphs: Object.fromEntries([...servers].map(([name, { url }]) => [name, { url }])),
    ...options.config,
  });
  const { logger, lines } = recordingLogger();
  const server = await startServer({
    config: { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false },
    schema,
    logger,
    bffDir: options.bffDir,
    dev: options.dev,
    ...(options.graceMs === undefined ? {} : { graceMs: options.graceMs }),
  });
  onTestFinished(() => server.close());
  return {
    server,
    lines,
    calls,
    seen,
    supergraphSdl: world.supergraphSdl,
    schemas: world.schemas,
    serverOf: (name) => servers.get(name)?.server as Server,
    behave: (name, fault) => faults.set(name, fault),
    stop(name) {
      servers.get(name)?.server.close();
      servers.get(name)?.server.closeAllConnections();
    },
    update: (sdl) => listener?.update({ sdl }),
  };
}

function overHttp(source: Source): RequestListener {
  return async (req, res) => {
    const body = await bodyOf(req);
    const operationType = /^\{"query":"mutation/.test(body) ? 'mutation' : 'query';
    source.send({ body, operationType, client: { requestId: 'r', headers: {} } }, (answer) => {
      res.setHeader('content-type', 'application/json');
      if (answer.kind !== 'failure') res.end(responseText(answer));
      else res.writeHead(500).end();
    });
  };
}
