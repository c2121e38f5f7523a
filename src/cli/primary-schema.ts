import type { SupergraphLoaded, SupergraphUpdate } from '../composition/load-supergraph.ts';
import {
  type CanaryEnd,
  CompositionError,
  type SupergraphProvider,
  type SupergraphWatching,
} from '../composition/supergraph-provider.ts';
import { supergraphId } from '../gateway/supergraph-id.ts';
import type { CallHandlers, SchemaChange } from './process-calls.ts';

export interface PrimarySchemaOptions {
  /** Sends a change to every worker. */
  readonly announce: (change: SchemaChange) => void;
  /** How long a new supergraph is a canary; `undefined` if it serves all clients at once. */
  readonly canaryMs?: number | undefined;
  /** Called when the time of a canary is over. */
  readonly onCanaryOver?: (end: CanaryEnd) => void;
}

/** The schema of all workers: only the primary loads and watches it, once for the whole machine. */
export interface PrimarySchema {
  /** The handler by which workers get the current supergraph. */
  readonly handlers: Required<Pick<CallHandlers, 'getSupergraph'>>;
  /** Resolves when later changes are announced. */
  watch(): Promise<SupergraphWatching>;
  /** Records that no worker can serve a supergraph, so that workers that start later get the one before. */
  refused(id: string): void;
  /**
   * Records how the canary ends, for workers that start later. Returns false if there is no such canary.
   * @returns a function that records that no worker has promoted it
   */
  endCanary(end: CanaryEnd): (() => void) | undefined;
}

interface PrimaryCanary {
  readonly id: string;
  readonly update: SupergraphUpdate;
  readonly timer: NodeJS.Timeout;
}

/** Starts loading the schema. */
export function primarySchema(provider: SupergraphProvider, options: PrimarySchemaOptions): PrimarySchema {
  const { announce, canaryMs, onCanaryOver = () => {} } = options;
  let loaded: SupergraphLoaded | undefined;
  /** What workers serve as long as they refuse `loaded`. */
  let served: SupergraphLoaded | undefined;
  let canary: PrimaryCanary | undefined;
  const first = loadFirst(provider).then((one) => {
    loaded = one;
  });

  function update(next: SupergraphUpdate): void {
    clearTimeout(canary?.timer);
    const isKnown = canary !== undefined && loaded?.ok === true && loaded.update.sdl === next.sdl;
    canary = undefined;
    if (canaryMs === undefined || loaded?.ok !== true) {
      served = loaded;
      loaded = { ok: true, update: next };
    } else if (!isKnown) {
      const id = supergraphId(next.sdl);
      const onOver = () => onCanaryOver({ action: 'promote', reason: 'its time is over', id });
      canary = { id, update: next, timer: setTimeout(onOver, canaryMs) };
    }
    announce({ ok: true, update: next });
  }

  return {
    handlers: {
      async getSupergraph() {
        await first;
        return { ...(loaded as SupergraphLoaded), canary: canary?.update };
      },
    },
    async watch() {
      await first;
      return provider.watch({
        update,
        // a new worker gets the last good one
        problems: (problems) => announce({ ok: false, problems }),
        pathEvent: (event, path, reason) => announce({ event, path, reason }),
      });
    },
    refused(id) {
      if (loaded?.ok !== true || served?.ok !== true || supergraphId(loaded.update.sdl) !== id) return;
      loaded = served;
    },
    endCanary({ action, id }) {
      if (canary === undefined || (id !== undefined && id !== canary.id)) return undefined;
      const before = loaded;
      clearTimeout(canary.timer);
      if (action === 'promote') loaded = { ok: true, update: canary.update };
      const after = loaded;
      canary = undefined;
      return () => {
        if (loaded === after) loaded = before;
      };
    },
  };
}

async function loadFirst(provider: SupergraphProvider): Promise<SupergraphLoaded> {
  try {
    return { ok: true, update: await provider.load() };
  } catch (error) {
    if (error instanceof CompositionError) return { ok: false, problems: error.problems };
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, problems: [{ file: 'schema', line: 0, column: 0, code: 'COMPOSITION_FAILED', message }] };
  }
}
