import type { KeyRecord } from '../bff/idempotency/idempotency.ts';
import type { SharedState } from '../gateway/shared-state.ts';
import type { Failures, SharedFailures } from '../policy/authentication/failed-attempts.ts';
import { StoreUnavailable } from '../store/redis.ts';
import { type Answers, ask, type Calls } from './process-calls.ts';

/** How long the primary may take for an answer. It is the parent of this process: when it ends, so does this one. */
const PATIENCE_MS = 5_000;

/** The state of all workers, as a worker reaches it: the primary keeps it. */
export interface WorkerState {
  readonly state: SharedState;
  /** What the primary asks of this worker for the sake of that state. */
  readonly answers: Pick<Answers, 'failuresChanged'>;
}

/** Returns the state that the primary keeps for its `processes` workers. */
export function workerState(processes: number): WorkerState {
  const listeners = new Map<string, (group: string, sum: Failures) => void>();
  const state: SharedState = {
    idempotencyKeys: {
      claim: async (key, remembered, ms) => known(await askPrimary('claimKey', { key, remembered, ms })),
      get: async (key) => known(await askPrimary('getKey', key)),
      finish: async (key, remembered, ms) => void (await askPrimary('finishKey', { key, remembered, ms })),
      release: async (key) => void (await askPrimary('releaseKey', key)),
    },
    countLimits: (question) => askPrimary('countLimits', question),
    documents: {
      get: async (hash) => (await ask(process, 'getDocument', hash, PATIENCE_MS))?.query,
      set: (hash, query) => void ask(process, 'setDocument', { hash, query }, PATIENCE_MS),
    },
    failuresOf: (scope): SharedFailures => ({
      processes,
      add: (group, windowMs) => ask(process, 'addFailure', { scope, group, windowMs }, PATIENCE_MS),
      onChange: (listener) => void listeners.set(scope, listener),
    }),
  };
  return {
    state,
    answers: {
      async failuresChanged({ scope, group, sum }) {
        listeners.get(scope)?.(group, sum);
        return true;
      },
    },
  };
}

async function askPrimary<N extends keyof Calls>(call: N, given: Calls[N]['given']): Promise<Calls[N]['back']> {
  const back = await ask(process, call, given, PATIENCE_MS);
  if (back === undefined) throw new StoreUnavailable('The primary process did not answer.');
  return back;
}

function known(back: { readonly known?: KeyRecord | undefined }): KeyRecord | undefined {
  return back.known;
}
