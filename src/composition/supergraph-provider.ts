import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Env } from '../config/expand.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { type PathEvent, stateOfPath, type Watching, watchPath } from '../shared/watch-path.ts';
import { type Composer, createComposer } from './composer.ts';
import {
  loadSupergraph,
  type SupergraphLoaded,
  type SupergraphOrigin,
  type SupergraphUpdate,
} from './load-supergraph.ts';
import { isSchemaFile } from './schema-files.ts';

export type { SupergraphUpdate };

/** How a canary ends: a new supergraph that served a share of the clients. */
export interface CanaryEnd {
  readonly action: 'promote' | 'roll_back';
  readonly reason: string;
  /** The digest of the supergraph; by default, any. */
  readonly id?: string | undefined;
}

export interface SupergraphListener {
  /**
   * Called with a valid supergraph that differs from the one before, or that follows problems. The next call follows when the promise
   * has settled. It resolves with `false` for a supergraph that cannot be served.
   */
  update(update: SupergraphUpdate): Promise<boolean | undefined> | Promise<void> | void;
  /** Called when a change does not compose; the last valid supergraph stays active. */
  problems(problems: readonly Problem[]): void;
  /** Called when the folder or the file itself was removed, restored or replaced, or when it cannot be watched. */
  pathEvent?(event: PathEvent, path: string, reason?: string): void;
  /** Called when another process ends the canary. Resolves with whether there was one. */
  endCanary?(end: CanaryEnd): Promise<boolean>;
}

/** A supergraph that is watched. */
export interface SupergraphWatching extends Watching {
  /** Loads the supergraph now, as if its files had changed. The listener is called if it is another one, or if it has problems. */
  reload?(): void;
}

/** The source of the server's supergraph. */
export interface SupergraphProvider {
  /** Throws `CompositionError`. */
  load(): Promise<SupergraphUpdate>;
  watch(listener: SupergraphListener): Promise<SupergraphWatching>;
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
/** After this many cancelled loads in a row, one is completed even if files change meanwhile. */
const MOST_CANCELLED = 5;

export interface ProviderOptions {
  /** Loads the supergraph after changes. By default in a thread. */
  readonly composer?: Composer | undefined;
  /** Whether also the first load leaves the thread of the caller free. By default it does not, because starting a thread takes time. */
  readonly firstInThread?: boolean | undefined;
}

/** Creates a provider that loads and watches a `schemas/` folder or one supergraph file. */
export function createSupergraphProvider(
  origin: SupergraphOrigin,
  env: Env = process.env,
  { composer = createComposer(), firstInThread = false }: ProviderOptions = {},
): SupergraphProvider {
  const path = 'supergraphFile' in origin ? origin.supergraphFile : origin.schemasDir;
  const changes = new ReportedChanges();
  /** The state of the files before the first load. */
  let before: string | undefined;
  return {
    async load() {
      before = await stateOfPath(path, isSchemaFile);
      const loaded = await (firstInThread ? composer.load(origin, env) : loadSupergraph(origin, env));
      if (loaded === undefined) throw new Error('The schemas were not composed: the gateway is closing.');
      if (!loaded.ok) throw new CompositionError(loaded.problems);
      changes.isNew(loaded);
      return loaded.update;
    },

    async watch(listener) {
      let closed = false;
      let retry: NodeJS.Timeout | undefined;
      /** Whether an operator waits for what becomes of the load: problems are reported also if they are known. */
      let asked = false;
      const loading = new LatestLoad(composer, async (load) => {
        const loaded = await loadSettled(() => load(origin, env), changes.names);
        if (closed || loaded === undefined) return;
        // that a file can be read again is no change of it
        if (!loaded.ok && loaded.problems.some(({ code }) => UNREADABLE.has(code))) retry = retryIn(onChange);
        const isAsked = asked;
        asked = false;
        if (!changes.isNew(loaded) && (loaded.ok || !isAsked)) return;
        if (loaded.ok) await listener.update(loaded.update);
        else listener.problems(loaded.problems);
      });
      const onEvent = (event: PathEvent, reason?: string) => listener.pathEvent?.(event, path, reason);
      function onChange(): void {
        clearTimeout(retry);
        void loading.request();
      }
      const watching = await watchPath({ path, counts: isSchemaFile, onChange, onEvent });
      // a change between `load` and now was not noticed
      if (before === undefined || before !== (await stateOfPath(path, isSchemaFile))) onChange();
      return {
        reload() {
          asked = true;
          onChange();
        },
        async close() {
          closed = true;
          clearTimeout(retry);
          await Promise.all([watching.close(), composer.close()]);
        },
      };
    },
  };
}

const UNREADABLE: ReadonlySet<string> = new Set(['UNREADABLE_FILE', 'UNREADABLE_FOLDER']);
const RETRY_MS = 10_000;

function retryIn(load: () => void): NodeJS.Timeout {
  return setTimeout(load, RETRY_MS).unref();
}

type Load = Composer['load'];

/** Runs loads one at a time. A request during a load cancels it, and another one follows. */
class LatestLoad {
  readonly #composer: Composer;
  readonly #work: (load: Load) => Promise<void>;
  #running = false;
  #again = false;
  #cancelled = 0;

  constructor(composer: Composer, work: (load: Load) => Promise<void>) {
    this.#composer = composer;
    this.#work = work;
  }

  async request(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      if (this.#cancelled++ < MOST_CANCELLED) this.#composer.cancel();
      return;
    }
    this.#running = true;
    try {
      do {
        this.#again = false;
        await this.#work((origin, env) => this.#composer.load(origin, env));
        if (!this.#again) this.#cancelled = 0;
      } while (this.#again);
    } finally {
      this.#running = false;
    }
  }
}

/** Remembers what was reported last, so that a load without changes is not reported again. */
class ReportedChanges {
  #fingerprint: string | undefined;
  /** The names of the sources of the last good supergraph. */
  names: readonly string[] = [];

  isNew(loaded: SupergraphLoaded): boolean {
    const fingerprint = fingerprintOf(loaded);
    if (fingerprint === this.#fingerprint) return false;
    this.#fingerprint = fingerprint;
    if (loaded.ok) this.names = namesOf(loaded);
    return true;
  }
}

/**
 * Loads the supergraph, and loads it again after a pause where it has problems or lacks a source that it had before:
 * a file may have been read while it was being written, or a folder while it was being copied.
 */
async function loadSettled(
  load: () => Promise<SupergraphLoaded | undefined>,
  before: readonly string[],
): Promise<SupergraphLoaded | undefined> {
  const loaded = await load();
  if (loaded === undefined) return undefined;
  const names = namesOf(loaded);
  if (loaded.ok && before.every((name) => names.includes(name))) return loaded;
  await sleep(SETTLE_MS);
  return load();
}

/** Returns the names of the sources; none for a supergraph file. */
function namesOf(loaded: SupergraphLoaded): readonly string[] {
  return loaded.ok ? (loaded.update.sources?.map(({ name }) => name) ?? []) : [];
}

/** Returns a digest of everything that matters to a listener. */
function fingerprintOf(loaded: SupergraphLoaded): string {
  if (!loaded.ok) return JSON.stringify(loaded.problems);
  const { sdl, sources = [], skipped = [] } = loaded.update;
  return createHash('sha256')
    .update(sdl)
    .update(JSON.stringify([sources, skipped]))
    .digest('base64url');
}
