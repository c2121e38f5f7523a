import { Worker } from 'node:worker_threads';
import { displayPath } from '../config/display-path.ts';
import type { Env } from '../config/expand.ts';
import type { ComposerRequest, ComposerResponse } from './composer-thread.ts';
import type { SupergraphLoaded, SupergraphOrigin } from './load-supergraph.ts';

/** Loads supergraphs outside of the thread that serves requests. One load at a time. */
export interface Composer {
  /**
   * Reads or composes a supergraph. Returns all mistakes as problems, also when the thread fails. Resolves with `undefined` when it is
   * cancelled.
   */
  load(origin: SupergraphOrigin, env: Env): Promise<SupergraphLoaded | undefined>;
  /** Cancels the load that is running, if there is one. */
  cancel(): void;
  /** Cancels, and ends the thread. */
  close(): Promise<void>;
}

/** A thread without work ends after this time. Until then, the next composition needs no new one. */
const IDLE_MS = 10_000;

/** The load that is running. */
interface Task {
  readonly id: number;
  readonly origin: SupergraphOrigin;
  readonly resolve: (loaded: SupergraphLoaded | undefined) => void;
}

/** Creates a composer with a thread that starts with the first load. */
export function createComposer(startThread: () => Worker = startComposerThread): Composer {
  return new ThreadComposer(startThread);
}

class ThreadComposer implements Composer {
  readonly #startThread: () => Worker;
  #thread: Worker | undefined;
  #task: Task | undefined;
  #idle: NodeJS.Timeout | undefined;
  #loads = 0;

  constructor(startThread: () => Worker) {
    this.#startThread = startThread;
  }

  load(origin: SupergraphOrigin, env: Env): Promise<SupergraphLoaded | undefined> {
    this.cancel();
    return new Promise((resolve) => {
      const id = ++this.#loads;
      this.#task = { id, origin, resolve };
      clearTimeout(this.#idle);
      try {
        this.#thread ??= this.#start();
        this.#thread.ref();
        this.#thread.postMessage({ id, origin, env: { ...env } } satisfies ComposerRequest);
      } catch (error) {
        this.#failed(error);
      }
    });
  }

  cancel(): void {
    if (this.#task === undefined) return;
    this.#end(undefined);
    void this.#drop();
  }

  async close(): Promise<void> {
    this.#end(undefined);
    clearTimeout(this.#idle);
    await this.#drop();
  }

  #start(): Worker {
    const thread = this.#startThread();
    // events of a thread that was dropped must not touch the next one
    const isCurrent = () => thread === this.#thread;
    thread.on('message', ({ id, loaded }: ComposerResponse) => {
      if (!isCurrent() || id !== this.#task?.id) return;
      this.#end(loaded);
      thread.unref();
      this.#idle = setTimeout(() => void this.#drop(), IDLE_MS).unref();
    });
    thread.on('error', (error) => isCurrent() && this.#failed(error));
    thread.on('exit', (code) => isCurrent() && this.#failed(new Error(`the thread ended with exit code ${code}`)));
    return thread;
  }

  #failed(error: unknown): void {
    const task = this.#task;
    if (task) this.#end({ ok: false, problems: [threadProblem(task.origin, error)] });
    void this.#drop();
  }

  #end(loaded: SupergraphLoaded | undefined): void {
    const task = this.#task;
    this.#task = undefined;
    task?.resolve(loaded);
  }

  async #drop(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }
}

function threadProblem(origin: SupergraphOrigin, error: unknown) {
  const { message, code }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  const isMemory = code === 'ERR_WORKER_OUT_OF_MEMORY';
  return {
    file: displayPath('supergraphFile' in origin ? origin.supergraphFile : origin.schemasDir),
    line: 0,
    column: 0,
    code: 'COMPOSITION_FAILED',
    message: `The thread that composes the schemas failed: ${message}`,
    hint: isMemory
      ? 'Allow more memory, for example with NODE_OPTIONS=--max-old-space-size=4096, or make the schemas smaller.'
      : 'Change a schema file to try again. If it happens again, run "headgate compose" to see more.',
  };
}

/** Starts the thread from its own file, even where this code is part of a bundle. */
function startComposerThread(): Worker {
  if (import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./composer-thread.mjs', import.meta.url), { execArgv: [] });
  return new Worker(new URL('./dist/composition/composer-thread.js', import.meta.resolve('headgate/package.json')));
}
