import cluster, { type Worker } from 'node:cluster';
import { type CallHandlers, callPeer } from './process-calls.ts';

/** Time limit for a worker to receive a message. Nothing waits for it. */
const ANNOUNCE_MS = 5_000;

/** Returns what sends the messages of a worker to all others. */
export function relayToOthers(sender: Worker): NonNullable<CallHandlers['message']> {
  return async (message) => {
    const others = livingWorkers().filter((worker) => worker !== sender);
    for (const worker of others) void callPeer(worker, 'message', message, ANNOUNCE_MS);
    return true;
  };
}

/** Filters ended workers, which the cluster lists until their channel is closed. */
export function livingWorkers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined && !worker.isDead()) as Worker[];
}
