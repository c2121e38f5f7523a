import {
  CompositionError,
  type SupergraphListener,
  type SupergraphProvider,
} from '../composition/supergraph-provider.ts';
import { type CallHandlers, callPeer, type SchemaChange } from './process-calls.ts';

/** The longest first composition. The primary answers when it has composed, and if it ends, so does this worker. */
const FIRST_LOAD_MS = 600_000;

export interface WorkerSchema {
  readonly provider: SupergraphProvider;
  /** The handler of changes that the primary announces. */
  readonly handlers: Required<Pick<CallHandlers, 'schemaChanged'>>;
}

/** Returns a provider that gets the supergraph from the primary, with each change. */
export function workerSchema(): WorkerSchema {
  let listener: SupergraphListener | undefined;
  /** The last change that arrived before there was a listener. */
  let missed: SchemaChange | undefined;
  let first: string | undefined;

  function handle(change: SchemaChange): void {
    if (listener === undefined) missed = change;
    else if ('event' in change) listener.pathEvent?.(change.event, change.path, change.reason);
    else if (change.ok) void listener.update(change.update);
    else listener.problems(change.problems);
  }

  return {
    provider: {
      async load() {
        const loaded = await callPeer(process, 'getSupergraph', undefined, FIRST_LOAD_MS);
        if (loaded === undefined) throw new Error('The primary process did not send a schema.');
        if (!loaded.ok) throw new CompositionError(loaded.problems);
        first = loaded.update.sdl;
        return loaded.update;
      },
      async watch(on) {
        listener = on;
        const isKnown = missed !== undefined && 'ok' in missed && missed.ok && missed.update.sdl === first;
        if (missed && !isKnown) handle(missed);
        missed = undefined;
        return {
          async close() {
            listener = undefined;
          },
        };
      },
    },
    handlers: {
      async schemaChanged(change) {
        handle(change);
        return true;
      },
    },
  };
}
