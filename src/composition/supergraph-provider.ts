import { setTimeout } from 'node:timers/promises';
import type { Env } from '../config/expand.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { type PathEvent, type Watching, watchPath } from '../shared/watch-path.ts';
import {
  loadSupergraph,
  type SupergraphLoaded,
  type SupergraphOrigin,
  type SupergraphUpdate,
} from './load-supergraph.ts';
import { isSchemaFile } from './schema-files.ts';

export type { SupergraphUpdate };

export interface SupergraphListener {
  /** Called with a valid supergraph that differs from the one before, or that follows problems. */
  update(update: SupergraphUpdate): void;
  /** Called when a change does not compose; the last valid supergraph stays active. */
  problems(problems: readonly Problem[]): void;
  /** Called when the folder or the file itself was removed, restored or replaced. */
  pathEvent?(event: PathEvent, path: string): void;
}

/** The source of the server's supergraph. */
export interface SupergraphProvider {
  /** Throws `CompositionError`. */
  load(): Promise<SupergraphUpdate>;
  watch(listener: SupergraphListener): Promise<Watching>;
}

/** Thrown when there is no supergraph to serve; `problems` has the reasons, file by file. */
export class CompositionError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'CompositionError';
    this.problems = problems;
  }
}

const SETTLE_MS = 100;

/** Creates a provider that loads and watches a `schemas/` folder or one supergraph file. */
export function createSupergraphProvider(origin: SupergraphOrigin, env: Env = process.env): SupergraphProvider {
  /** The fingerprint of the last report: a load without changes is not reported again. */
  let lastReported: string | undefined;
  /** The names of the sources of the last good supergraph. */
  let names: readonly string[] = [];

  function remember(loaded: SupergraphLoaded): boolean {
    const print = fingerprint(loaded);
    if (print === lastReported) return false;
    lastReported = print;
    if (loaded.ok) names = namesOf(loaded);
    return true;
  }

  return {
    async load() {
      const loaded = await loadSupergraph(origin, env);
      if (!loaded.ok) throw new CompositionError(loaded.problems);
      remember(loaded);
      return loaded.update;
    },

    async watch(listener) {
      let closed = false;
      const reload = oneAtATime(async () => {
        const loaded = await loadSettled(origin, env, names);
        if (closed || !remember(loaded)) return;
        if (loaded.ok) listener.update(loaded.update);
        else listener.problems(loaded.problems);
      });
      const path = 'supergraphFile' in origin ? origin.supergraphFile : origin.schemasDir;
      const onEvent = (event: PathEvent) => listener.pathEvent?.(event, path);
      const watching = await watchPath({ path, counts: isSchemaFile, onChange: reload, onEvent });
      // a change between `load` and now was not noticed
      reload();
      return {
        close() {
          closed = true;
          return watching.close();
        },
      };
    },
  };
}

/**
 * Loads the supergraph, and loads it again after a pause where it has problems or lacks a source that it had before:
 * a file may have been read while it was being written, or a folder while it was being copied.
 */
async function loadSettled(origin: SupergraphOrigin, env: Env, before: readonly string[]): Promise<SupergraphLoaded> {
  const loaded = await loadSupergraph(origin, env);
  const names = namesOf(loaded);
  if (loaded.ok && before.every((name) => names.includes(name))) return loaded;
  await setTimeout(SETTLE_MS);
  return loadSupergraph(origin, env);
}

/** Returns the names of the sources; none for a supergraph file. */
function namesOf(loaded: SupergraphLoaded): readonly string[] {
  return loaded.ok ? (loaded.update.sources?.map(({ name }) => name) ?? []) : [];
}

/** Returns everything that matters to a listener, as text to compare. */
function fingerprint(loaded: SupergraphLoaded): string {
  if (!loaded.ok) return JSON.stringify(loaded.problems);
  const { sdl, sources } = loaded.update;
  return JSON.stringify([sdl, sources?.map(({ name, kind, gatewayDirectives }) => [name, kind, gatewayDirectives])]);
}

/** Returns a function that runs `work`. Calls during a run cause one more run after it, never two at once. */
function oneAtATime(work: () => Promise<void>): () => void {
  let running = false;
  let rerun = false;
  return async function run() {
    if (running) {
      rerun = true;
      return;
    }
    running = true;
    try {
      do {
        rerun = false;
        await work();
      } while (rerun);
    } finally {
      running = false;
    }
  };
}
