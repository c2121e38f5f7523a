import {
  CompositionError,
  type SupergraphListener,
  type SupergraphProvider,
  type SupergraphUpdate,
} from '../composition/supergraph-provider.ts';
import { supergraphId } from '../gateway/supergraph-id.ts';
import { type CallHandlers, callPeer, type SchemaChange } from './process-calls.ts';

/** The longest first composition. The primary answers when it has composed, and if it ends, so does this worker. */
const FIRST_LOAD_MS = 600_000;

/** Time limit for the primary to read a refusal. Nothing waits for it. */
const REFUSED_MS = 5_000;

export interface WorkerSchema {
  readonly provider: SupergraphProvider;
  /** The handler of changes that the primary announces. */
  readonly handlers: Required<Pick<CallHandlers, 'schemaChanged'>>;
}

/** Returns a provider that gets the supergraph from the primary, with each change. */
export function workerSchema(): WorkerSchema {
  let listener: SupergraphListener | undefined;
  /** What arrived before there was a listener: the last supergraph, how its canary ended, and the last problems and event after it. */
  let missed: SchemaChange[] = [];
  let first: string | undefined;

  async function handle(change: SchemaChange): Promise<boolean> {
    if (listener === undefined) missed = withChange(missed, change);
    else if ('canaryEnd' in change) return (await listener.endCanary?.(change.canaryEnd)) ?? false;
    else if ('event' in change) listener.pathEvent?.(change.event, change.path, change.reason);
    else if (change.ok) void take(listener, change.update);
    else listener.problems(change.problems);
    return false;
  }

  async function take(to: SupergraphListener, update: SupergraphUpdate): Promise<void> {
    const isServed = await to.update(update);
    if (isServed === false) void callPeer(process, 'schemaRefused', { id: supergraphId(update.sdl) }, REFUSED_MS);
  }

  return {
    provider: {
      async load() {
        const loaded = await callPeer(process, 'getSupergraph', undefined, FIRST_LOAD_MS);
        if (loaded === undefined) throw new Error('The primary process did not send a schema.');
        if (!loaded.ok) throw new CompositionError(loaded.problems);
        first = loaded.update.sdl;
        if (loaded.canary) missed = [{ ok: true, update: loaded.canary }];
        return loaded.update;
      },
      async watch(on) {
        listener = on;
        const isKnown = (change: SchemaChange) => 'ok' in change && change.ok && change.update.sdl === first;
        for (const change of missed.splice(0)) if (!isKnown(change)) void handle(change);
        return {
          async close() {
            listener = undefined;
          },
        };
      },
    },
    handlers: {
      schemaChanged: handle,
    },
  };
}

/** Adds a change. A supergraph replaces everything before it, and problems and an event the last ones. */
function withChange(missed: readonly SchemaChange[], change: SchemaChange): SchemaChange[] {
  if ('canaryEnd' in change) return [...missed, change];
  if ('ok' in change && change.ok) return [change];
  const isSameKind = (one: SchemaChange) => ('event' in change ? 'event' in one : 'ok' in one && !one.ok);
  return [...missed.filter((one) => !isSameKind(one)), change];
}
