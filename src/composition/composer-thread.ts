import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { Env } from '../config/expand.ts';
import { loadSupergraph, type SupergraphLoaded, type SupergraphOrigin } from './load-supergraph.ts';

/** One load for a composer thread. */
export interface ComposerRequest {
  readonly id: number;
  readonly origin: SupergraphOrigin;
  readonly env: Env;
}

/** The result of a load. */
export interface ComposerResponse {
  readonly id: number;
  readonly loaded: SupergraphLoaded;
}

/** Less than the threads that serve requests, where all cores are busy. */
const NICENESS = 5;

// elsewhere the priority is that of the whole process
if (process.platform === 'linux' && parentPort) setPriority(NICENESS);

// this file is the entry of a thread: an exception ends it, and `composer.ts` reports that
parentPort?.on('message', async ({ id, origin, env }: ComposerRequest) => {
  const loaded = await loadSupergraph(origin, env);
  parentPort?.postMessage({ id, loaded } satisfies ComposerResponse);
});
