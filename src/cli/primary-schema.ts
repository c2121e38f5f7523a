import type { SupergraphLoaded } from '../composition/load-supergraph.ts';
import { CompositionError, type SupergraphProvider } from '../composition/supergraph-provider.ts';
import type { Watching } from '../shared/watch-path.ts';
import type { CallHandlers, SchemaChange } from './process-calls.ts';

/** The schema of all workers: only the primary loads and watches it, once for the whole machine. */
export interface PrimarySchema {
  /** The handler by which workers get the current supergraph. */
  readonly handlers: Required<Pick<CallHandlers, 'getSupergraph'>>;
  /** Resolves when later changes are announced. */
  watch(): Promise<Watching>;
}

/**
 * Starts loading the schema.
 * @param announce sends a change to every worker
 */
export function primarySchema(provider: SupergraphProvider, announce: (change: SchemaChange) => void): PrimarySchema {
  let current: Promise<SupergraphLoaded> = loadFirst(provider);
  return {
    handlers: { getSupergraph: () => current },
    async watch() {
      await current;
      return provider.watch({
        update(update) {
          const loaded = { ok: true, update } as const;
          current = Promise.resolve(loaded);
          announce(loaded);
        },
        // a new worker gets the last good one
        problems: (problems) => announce({ ok: false, problems }),
        pathEvent: (event, path, reason) => announce({ event, path, reason }),
      });
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
