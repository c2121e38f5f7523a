import cluster from 'node:cluster';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { createSupergraphProvider } from '../composition/supergraph-provider.ts';
import { loadConfig } from '../config/load-config.ts';
import { shutdownDelay } from '../config/sections/shutdown.ts';
import type { RunningServer, ServerOptions } from '../gateway/server.ts';
import { UsageError } from './failure.ts';
import { configureHeap } from './heap.ts';
import { originOf, type SchemaSourceFlags } from './schema-source.ts';

export interface ServeFlags extends SchemaSourceFlags {
  readonly config?: string;
  readonly bff?: string;
  readonly port?: number;
  readonly host?: string;
}

/** Folders that are used without a flag. */
export interface ServeDefaults {
  readonly schemasDir: string;
  readonly bffDir: string;
}

const DEFAULTS: ServeDefaults = { schemasDir: 'schemas', bffDir: 'bff' };

export interface StartFlags extends ServeFlags {
  /** How many processes share the port. Default 1. */
  readonly workers?: number;
}

/** `headgate start`: serves until SIGTERM or SIGINT. Reloads on SIGHUP. */
export async function start(flags: StartFlags): Promise<void> {
  const { workers = 1 } = flags;
  configureHeap();
  if (workers > 1) return startWorkers(flags, workers);
  const options = serverOptions(flags);
  let server: RunningServer | undefined;
  // from now on: a signal during the start must not end the process
  let reloadsOnceStarted = false;
  process.on('SIGHUP', () => {
    if (server) void server.reload();
    else reloadsOnceStarted = true;
  });
  const started = await serveWith(options);
  server = started;
  // files may have been read before they changed
  if (reloadsOnceStarted) void started.reload();
  stopOnSignals(() => started.close({ delayMs: shutdownDelay(options.config) }));
}

/** Starts the primary, or a worker: workers run the same command. */
async function startWorkers(flags: StartFlags, count: number): Promise<void> {
  // from now on: a signal during the start must not end the process; workers get a call from the primary for it
  process.on('SIGHUP', () => {});
  const options = serverOptions(flags, { composesInThread: true });
  if (cluster.isWorker) {
    const { serveAsWorker } = await import('./serve-as-worker.ts');
    return serveAsWorker(options, count);
  }
  const { runWorkers } = await import('./workers.ts');
  await runWorkers(count, options);
}

/** Starts the server that the flags, the environment and the config file describe. */
export async function serve(
  flags: ServeFlags,
  { dev = false, demo = false, defaults = DEFAULTS } = {},
): Promise<RunningServer> {
  return serveWith(serverOptions(flags, { dev, demo, defaults }));
}

async function serveWith(options: ServerOptions): Promise<RunningServer> {
  // imported late: the primary of several workers does not need it
  const { startServer } = await import('../gateway/server.ts');
  return startServer(options);
}

/**
 * Combines flags, environment and config file. Throws `ConfigError`.
 * @param options.composesInThread whether also the first composition leaves this thread free
 */
export function serverOptions(
  flags: ServeFlags,
  { dev = false, demo = false, defaults = DEFAULTS, composesInThread = false } = {},
): ServerOptions {
  const { port, host } = flags;
  const config = loadConfig({ flags: { port, host }, file: flags.config });
  const origin = originOf(flags, defaults.schemasDir);
  const schema = createSupergraphProvider(origin, process.env, { firstInThread: composesInThread });
  return { config, schema, dev, demo, bffDir: bffFolder(flags, defaults), ownsProcess: true };
}

/**
 * Returns the folder of endpoints: the one of `--bff`, which must exist, else the default folder if it exists. The default belongs
 * to the default schemas, so it is not used with `--supergraph`.
 */
export function bffFolder(
  flags: { readonly bff?: string; readonly supergraph?: string },
  defaults: ServeDefaults = DEFAULTS,
): string | undefined {
  if (flags.bff !== undefined && !existsSync(flags.bff)) {
    throw new UsageError(`--bff: folder not found: ${flags.bff}`);
  }
  if (flags.bff !== undefined || flags.supergraph !== undefined) return flags.bff;
  return existsSync(defaults.bffDir) ? defaults.bffDir : undefined;
}

/** Shuts down gracefully on the first SIGTERM or SIGINT and exits 0; exits at once on the second. */
export function stopOnSignals(close: () => Promise<void>): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
