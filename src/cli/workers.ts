import cluster from 'node:cluster';
import type { SupergraphWatching } from '../composition/supergraph-provider.ts';
import type { ServerOptions } from '../gateway/server.ts';
import { workerFlags } from './heap.ts';
import { livingWorkers } from './living-workers.ts';
import { callPeer } from './process-calls.ts';
import { WorkerPool } from './worker-pool.ts';

/** Time limit for a worker to read a count. Nothing waits for it. */
const ANNOUNCE_MS = 5_000;

/**
 * Runs `count` workers, each a process with this same command, until a signal. Prints the URL once all of them serve. If the first
 * worker fails to start and has reported why, exits with its code.
 */
export async function runWorkers(
  count: number,
  { config, schema: provider }: Pick<ServerOptions, 'config' | 'schema'>,
): Promise<void> {
  const [{ createLogger }, { checkSessions }, { primarySchema }, { primaryState }] = await Promise.all([
    import('../telemetry/logger.ts'),
    import('../gateway/check-processes.ts'),
    import('./primary-schema.ts'),
    import('./primary-state.ts'),
  ]);
  checkSessions(config);
  acceptInWorkers();
  cluster.setupPrimary({ execArgv: workerFlags() });
  const state = primaryState(config, (change) => {
    for (const worker of livingWorkers()) void callPeer(worker, 'failuresChanged', change, ANNOUNCE_MS);
  });
  const schema = primarySchema(provider, {
    announce: (change) => {
      for (const worker of livingWorkers()) void callPeer(worker, 'schemaChanged', change, ANNOUNCE_MS);
    },
    canaryMs: config.supergraph.canary?.duration,
    onCanaryOver: (end) => void workerPool.endCanary(end),
  });
  const logger = createLogger(config.telemetry.logging);
  const workerPool = new WorkerPool(count, { config, logger, schema, handlers: state });
  await workerPool.openAdmin(config);
  let watching: SupergraphWatching | undefined;
  workerPool.onReload = () => watching?.reload?.();
  workerPool.handleSignals();
  // the first one starts alone, so that problems with schemas or the port are reported once
  await workerPool.startFirst();
  watching = await schema.watch();
  await workerPool.startOthers();
}

/**
 * Lets workers accept connections from one socket, instead of the primary for them. A connection that the primary hands to a worker
 * that is killed or stopped meanwhile stays open forever, without a response. A shared socket has one queue, so what a worker
 * cannot accept, another does. With a socket each (`reusePort`), a stopped worker's queue would still get its share; and Node has
 * it only from 22.12 on, and not on every platform.
 */
function acceptInWorkers(): void {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
}
