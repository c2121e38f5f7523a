import type { KeyRecord } from '../bff/idempotency/idempotency.ts';
import type { SharedState } from '../gateway/shared-state.ts';
import type { Failures, SharedFailures } from '../policy/authentication/failed-attempts.ts';
import type { Message } from '../store/messages.ts';
import { StoreUnavailable } from '../store/redis.ts';
import { type CallHandlers, type Calls, callPeer } from './process-calls.ts';

/** Time limit of a call to the primary. If the primary ends, so does this worker. */
const TIMEOUT_MS = 5_000;

/** The state that workers share, as seen by one worker. */
export interface WorkerState {
  readonly state: SharedState;
  /** The handlers of calls from the primary about that state. */
  readonly handlers: Pick<CallHandlers, 'failuresChanged' | 'message'>;
}

/** Returns the state in the primary, shared by its `processes` workers. */
export function workerState(processes: number): WorkerState {
  const listeners = new Map<string, (group: string, sum: Failures) => void>();
  const receivers: ((message: Message) => void)[] = [];
  const state: SharedState = {
    messages: {
      send: (message) => void callPeer(process, 'message', message, TIMEOUT_MS),
      onMessage: (receive) => void receivers.push(receive),
    },
    idempotencyKeys: {
      claim: async (key, remembered, ms) => known(await askPrimary('claimKey', { key, remembered, ms })),
      get: async (key) => known(await askPrimary('getKey', key)),
      finish: async (key, remembered, ms) => void (await askPrimary('finishKey', { key, remembered, ms })),
      release: async (key) => void (await askPrimary('releaseKey', key)),
    },
    countLimits: (question) => askPrimary('countLimits', question),
    documents: {
      get: async (hash) => (await callPeer(process, 'getDocument', hash, TIMEOUT_MS))?.query,
      set: (hash, query) => void callPeer(process, 'setDocument', { hash, query }, TIMEOUT_MS),
    },
    usage: {
      add: async (counts) => void (await askPrimary('addUsage', counts)),
      read: () => askPrimary('readUsage', undefined),
    },
    failuresOf: (scope): SharedFailures => ({
      processes,
      add: (group, windowMs) => callPeer(process, 'addFailure', { scope, group, windowMs }, TIMEOUT_MS),
      onChange: (listener) => void listeners.set(scope, listener),
    }),
  };
  return {
    state,
    handlers: {
      async message(message) {
        for (const receive of receivers) receive(message);
        return true;
      },
      async failuresChanged({ scope, group, sum }) {
        listeners.get(scope)?.(group, sum);
        return true;
      },
    },
  };
}

async function askPrimary<N extends keyof Calls>(call: N, given: Calls[N]['given']): Promise<Calls[N]['back']> {
  const back = await callPeer(process, call, given, TIMEOUT_MS);
  if (back === undefined) throw new StoreUnavailable('The primary process did not respond.');
  return back;
}

function known(back: { readonly known?: KeyRecord | undefined }): KeyRecord | undefined {
  return back.known;
}
