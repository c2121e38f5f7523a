import cluster from 'node:cluster';
import { shutdownDelay } from '../config/sections/shutdown.ts';
import type { Assembly } from '../gateway/assemble.ts';
import type { ServerOptions } from '../gateway/server.ts';
import { reportFailure } from './failure.ts';
import { sendHeartbeats } from './heartbeats.ts';
import { callPeer, handleCalls } from './process-calls.ts';

/** Time limit for all workers to purge cached responses. */
export const PURGE_MS = 5_000;

/** Time limit for all workers to apply a command of the admin API. */
export const ADMIN_MS = 5_000;

/** The message of a worker that is ready to serve. */
export interface Ready {
  readonly url: string;
  readonly port: number;
}

/** Returns whether a message of a worker says that it is ready. */
export function isReady(message: unknown): message is Ready {
  return typeof message === 'object' && message !== null && 'url' in message && 'port' in message;
}

/** Serves as a worker, and reports to the primary. Shuts down gracefully and exits 0 on the first SIGTERM or SIGINT. */
export async function serveAsWorker(options: ServerOptions, processes: number): Promise<void> {
  sendHeartbeats();
  const [{ assemble }, { listenForClients }, { workerSchema }, { workerState }] = await Promise.all([
    import('../gateway/assemble.ts'),
    import('../gateway/client-listener.ts'),
    import('./worker-schema.ts'),
    import('./worker-state.ts'),
  ]);
  const { state: sharedState, handlers: stateHandlers } = workerState(processes);
  const { provider: schema, handlers: schemaHandlers } = workerSchema();
  let current: Assembly | undefined;
  let isStarting = true;
  let reloadsOnceStarted = false;
  // before the schema is loaded: a change after that must not be missed
  handleCalls(process, {
    snapshot: async () => (await current?.metrics?.snapshot()) ?? [],
    purge: async (tags) => (await current?.purge(tags)) ?? 0,
    async control(command) {
      if (isStarting && command.kind === 'reload') {
        reloadsOnceStarted = true;
        return { kind: 'applied' };
      }
      if (current === undefined) throw new Error('This worker is starting.');
      return current.control(command);
    },
    ...stateHandlers,
    ...schemaHandlers,
  });
  const purgeEverywhere = async (tags: readonly string[]) => (await callPeer(process, 'purge', tags, PURGE_MS)) ?? 0;
  const assembly = await assemble({
    ...options,
    schema,
    purgeEverywhere,
    onCanaryRollback: (id, reason) => void callPeer(process, 'canaryRolledBack', { id, reason }, ADMIN_MS),
    sharedState,
    warnsAboutSettings: cluster.worker?.id === 1,
  }).catch(failAtOnce);
  current = assembly;
  // those that came before `current` was set; later ones arrive as calls
  const actions = (await callPeer(process, 'getEndpointActions', undefined, ADMIN_MS)) ?? [];
  for (const action of actions) await assembly.control({ kind: 'endpoint', action });
  const listener = await listenForClients(assembly.handler, options.config, assembly, {
    onConnection: letOthersAccept,
  }).catch(failAtOnce);
  if (listener.reloadCertificates) assembly.addReload(listener.reloadCertificates);
  isStarting = false;
  // files that were read before they changed
  if (reloadsOnceStarted) await assembly.control({ kind: 'reload' });
  let closing: Promise<void> | undefined;
  // workers may get the signal twice: from the terminal or process manager, and from the primary
  const stop = () => {
    closing ??= listener.close({ delayMs: shutdownDelay(options.config) }).then(() => assembly.close());
    closing.then(() => process.exit(0), failAtOnce);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.send?.({
    url: `${listener.origin}${options.config.path_prefix ?? ''}/graphql`,
    port: listener.port,
  } satisfies Ready);
  assembly.warmUp();
}

const PAUSE_MS = 0.05;
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Pauses after a connection was accepted, so that the other workers, which the kernel has woken as well, get the next ones. Measured
 * with 2 workers, connections of each: without a pause, 8 at once became 8 and 0, 64 became 55 and 9; with it, 4 and 4, 33 and 31.
 * Longer pauses are no better.
 */
function letOthersAccept(): void {
  Atomics.wait(pause, 0, 0, PAUSE_MS);
}

/** Exits at once: the channel to the primary would keep the worker alive if only the exit code were set. */
function failAtOnce(error: unknown): never {
  process.exit(reportFailure(error));
}
