import type { Listener } from '../http/listener.ts';
import { type AdminListener, openAdmin } from './admin.ts';
import { type Assembly, type AssemblyOptions, assemble } from './assemble.ts';
import { checkClientListener, listenForClients } from './client-listener.ts';

export interface ServerOptions extends AssemblyOptions {
  /** How long `close` waits for answers that are under way, in milliseconds. Default 30,000. */
  readonly graceMs?: number;
}

export interface RunningServer {
  /** `http://HOST:PORT/graphql`, with `path_prefix` before the path. */
  readonly url: string;
  readonly port: number;
  /** `http://HOST:PORT/metrics`; `undefined` where metrics are off. */
  readonly metricsUrl: string | undefined;
  /** Answers what is in flight, then lets go of the ports and of every connection. */
  close(): Promise<void>;
}

/** All that comes before the port: what is wrong with the settings has shown by now. */
export interface PreparedServer {
  /** Opens the port, and prints where. Rejects when it cannot be had; nothing is left open then. */
  serve(): Promise<RunningServer>;
}

/**
 * Serves the gateway at `supergraph.listen`, and prints where once it can answer. Rejects with what is wrong when a port cannot
 * be had, and, except in `dev`, when there is no good schema (`CompositionError`).
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const prepared = await prepareServer(options);
  return prepared.serve();
}

/** The first half of `startServer`, for who wants to know whether it will do before giving up what runs. */
export async function prepareServer(options: ServerOptions): Promise<PreparedServer> {
  checkClientListener(options.config);
  const assembly = await assemble(options);
  return { serve: () => serveAssembly(assembly, options) };
}

async function serveAssembly(assembly: Assembly, { config, graceMs }: ServerOptions): Promise<RunningServer> {
  let admin: AdminListener | undefined;
  let listener: Listener;
  try {
    admin = await openAdminOf(config, assembly);
    listener = await listenForClients(assembly.host, config, graceMs === undefined ? {} : { graceMs });
  } catch (error) {
    await admin?.close();
    await assembly.close();
    throw error;
  }
  const url = `${listener.origin}${config.path_prefix ?? ''}/graphql`;
  sayWhere(url, admin?.metricsUrl);
  assembly.warmUp();
  return { url, port: listener.port, metricsUrl: admin?.metricsUrl, close: closeOnce(listener, assembly, admin) };
}

/** In one piece, for who waits for it. */
function sayWhere(url: string, metricsUrl: string | undefined): void {
  const metrics = metricsUrl === undefined ? '' : `Headgate metrics at ${metricsUrl}\n`;
  process.stdout.write(`Headgate listening on ${url}\n${metrics}`);
}

/** The admin listener of a gateway that is one process. */
export function openAdminOf(config: ServerOptions['config'], { metrics, purge }: Assembly) {
  return openAdmin(config, { metrics: () => metrics?.text() ?? Promise.resolve(''), purge });
}

/** Metrics are there until the last request has ended. */
function closeOnce(listener: Listener, assembly: Assembly, admin: AdminListener | undefined): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= listener
      .close()
      .then(() => admin?.close())
      .then(() => assembly.close());
    return closing;
  };
}
