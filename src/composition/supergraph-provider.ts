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
  /** A good supergraph that differs from the one before, or that follows problems. */
  update(update: SupergraphUpdate): void;
  /** What was changed does not compose; the last good supergraph stays in force. */
  problems(problems: readonly Problem[]): void;
  /** The folder or the file itself is gone, is back, or was replaced. */
  pathEvent?(event: PathEvent, path: string): void;
}

/** Where the server gets its supergraph from. */
export interface SupergraphProvider {
  /** Throws `CompositionError`. */
  load(): Promise<SupergraphUpdate>;
  watch(listener: SupergraphListener): Promise<Watching>;
}

/** There is no supergraph to serve; `problems` says why, file by file. */
export class CompositionError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'CompositionError';
    this.problems = problems;
  }
}

const SETTLE_MS = 100;

/** Serves the supergraph of a `schemas/` folder or of one supergraph file, now and as it changes. */
export function createSupergraphProvider(origin: SupergraphOrigin, env: Env = process.env): SupergraphProvider {
  /** What was told last, so that a change that changes nothing is not told again. */
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
      // A change between `load` and now was seen by nobody.
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
 * A file may have been read while it was being written, or a folder while it was being copied: what is wrong, and what lacks a source
 * that was there before, is loaded a second time.
 */
async function loadSettled(origin: SupergraphOrigin, env: Env, before: readonly string[]): Promise<SupergraphLoaded> {
  const loaded = await loadSupergraph(origin, env);
  const names = namesOf(loaded);
  if (loaded.ok && before.every((name) => names.includes(name))) return loaded;
  await setTimeout(SETTLE_MS);
  return loadSupergraph(origin, env);
}

/** None for a supergraph file, whose sources have no files. */
function namesOf(loaded: SupergraphLoaded): readonly string[] {
  return loaded.ok ? (loaded.update.sources?.map(({ name }) => name) ?? []) : [];
}

/** Everything of a load that a listener could act on, as text to compare. */
function fingerprint(loaded: SupergraphLoaded): string {
  if (!loaded.ok) return JSON.stringify(loaded.problems);
  const { sdl, sources } = loaded.update;
  return JSON.stringify([sdl, sources?.map(({ name, kind, gatewayDirectives }) => [name, kind, gatewayDirectives])]);
}

/** Runs `work` when called; calls during a run lead to one more run after it, never to two at once. */
function oneAtATime(work: () => Promise<void>): () => void {
  let running = false;
  let again = false;
  return async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        await work();
      } while (again);
    } finally {
      running = false;
    }
  };
}
