import type { SupergraphUpdate } from '../composition/supergraph-provider.ts';
import type { Engine, EngineRequest } from '../pipeline/engine.ts';
import { runInSlices, type Steps } from '../shared/steps.ts';

/** An engine, and a function that closes its sources. */
export interface BuiltEngine {
  readonly engine: Engine;
  close(): Promise<void>;
}

/**
 * Creates an engine for a supergraph, in steps. Throws when the supergraph cannot be served, and closes what it has opened, also
 * when only some of the steps are run.
 */
export type EngineFactory = (update: SupergraphUpdate) => Steps<BuiltEngine>;

/** Prepares what depends on an engine before it becomes the current one, in steps. If it throws, the engine is not used. */
export type PrepareForEngine = (engine: Engine) => Steps<void>;

/** The holder of the current engine. Replaces it without dropping a request. */
export interface Gateway {
  /**
   * Returns the current engine; `undefined` before the first schema and after `close`. Operations in flight on a replaced engine
   * complete there. A caller that still holds a closed engine is forwarded to the current one.
   */
  engine(): Engine | undefined;
  /**
   * Builds a new engine between requests, then makes it the current one. Rejects with what the factory or `prepare`
   * throws, and keeps the previous engine then. Swaps happen one after the other. Does nothing after `close`.
   */
  swap(update: SupergraphUpdate, prepare?: PrepareForEngine): Promise<void>;
  /** Builds the current engine again, as {@link swap} does. Does nothing before the first schema. */
  rebuild(prepare?: PrepareForEngine): Promise<void>;
  /** Resolves when all operations in flight have completed and every source is closed. */
  close(): Promise<void>;
}

export interface GatewayOptions {
  readonly createEngine: EngineFactory;
  /** Called when closing the sources of a replaced engine failed. Requests are not affected. */
  readonly onCloseError?: (error: unknown) => void;
}

export function createGateway({ createEngine, onCloseError = () => {} }: GatewayOptions): Gateway {
  let current: Generation | undefined;
  let currentUpdate: SupergraphUpdate | undefined;
  const retiring = new Set<Promise<void>>();
  let closed = false;
  let lastSwap: Promise<unknown> = Promise.resolve();

  function retire(generation: Generation): void {
    const end = generation.retire().catch(onCloseError);
    retiring.add(end);
    end.then(() => retiring.delete(end));
  }

  function* build(update: SupergraphUpdate, prepare: PrepareForEngine | undefined): Steps<Generation> {
    const built = yield* createEngine(update);
    let isReady = false;
    try {
      const next = new Generation(built, () => current);
      yield;
      if (prepare) yield* prepare(next);
      isReady = true;
      return next;
    } finally {
      if (!isReady) built.close().catch(onCloseError);
    }
  }

  async function swapNow(update: SupergraphUpdate, prepare: PrepareForEngine | undefined): Promise<void> {
    const next = await runInSlices(
      stepsUntil(build(update, prepare), () => closed),
      undefined,
      1,
    );
    if (next === undefined) return;
    if (closed) return next.retire();
    const previous = current;
    current = next;
    currentUpdate = update;
    if (previous) retire(previous);
  }

  /** Swaps when all earlier swaps have ended. */
  function swapNext(update: () => SupergraphUpdate | undefined, prepare: PrepareForEngine | undefined): Promise<void> {
    const swapped = lastSwap.then(async () => {
      const known = update();
      if (known !== undefined) await swapNow(known, prepare);
    });
    lastSwap = swapped.catch(() => {});
    return swapped;
  }

  return {
    engine: () => current,
    swap: (update, prepare) => swapNext(() => update, prepare),
    rebuild: (prepare) => swapNext(() => currentUpdate, prepare),
    async close() {
      closed = true;
      await lastSwap;
      const last = current;
      current = undefined;
      if (last) retire(last);
      await Promise.all(retiring);
    },
  };
}

/** Runs steps until `isOver`; returns `undefined` then. */
function* stepsUntil<T>(steps: Steps<T>, isOver: () => boolean): Steps<T | undefined> {
  while (!isOver()) {
    const step = steps.next();
    if (step.done) return step.value;
    yield;
  }
  steps.return(undefined as never);
  return undefined;
}

/** An engine with a count of its operations in flight, so that its sources close after the last result and stream. */
class Generation implements Engine {
  readonly #built: BuiltEngine;
  readonly #current: () => Engine | undefined;
  #running = 0;
  #retired: (() => void) | undefined;
  #closed = false;

  constructor(built: BuiltEngine, current: () => Engine | undefined) {
    this.#built = built;
    this.#current = current;
  }

  get supergraph() {
    return this.#built.engine.supergraph;
  }

  get publicSchema() {
    return this.#built.engine.publicSchema;
  }

  canDedupe(request: Parameters<Engine['canDedupe']>[0]): boolean {
    return this.#built.engine.canDedupe(request);
  }

  readDocument(request: Parameters<NonNullable<Engine['readDocument']>>[0]) {
    return this.#built.engine.readDocument?.(request);
  }

  schemaOf(contract: string | undefined) {
    return this.#built.engine.schemaOf?.(contract) ?? this.#built.engine.publicSchema;
  }

  isValid(request: Parameters<NonNullable<Engine['isValid']>>[0]): boolean {
    return this.#built.engine.isValid?.(request) ?? true;
  }

  dependsOn(request: Parameters<Engine['dependsOn']>[0]): ReturnType<Engine['dependsOn']> {
    return this.#built.engine.dependsOn(request);
  }

  dependsOnOncePlanned(
    request: Parameters<Engine['dependsOnOncePlanned']>[0],
  ): ReturnType<Engine['dependsOnOncePlanned']> {
    return this.#built.engine.dependsOnOncePlanned(request);
  }

  prepare(query: string, options: { readonly cache: boolean }): void {
    this.#built.engine.prepare?.(query, options);
  }

  recentQueries(max: number): string[] {
    return this.#built.engine.recentQueries?.(max) ?? [];
  }

  execute(request: EngineRequest): ReturnType<Engine['execute']> {
    if (this.#closed) return this.#successor().then((engine) => engine.execute(withoutDocument(request)));
    const result = this.#built.engine.execute(request);
    this.#running++;
    result.then(this.#ended, this.#ended);
    return result;
  }

  stream(request: EngineRequest): ReturnType<Engine['stream']> {
    if (this.#closed) return this.#successor().then((engine) => engine.stream(withoutDocument(request)));
    const result = this.#built.engine.stream(request);
    this.#running++;
    result.then((known) => (known.kind === 'stream' ? known.payloads.ended : undefined)).then(this.#ended, this.#ended);
    return result;
  }

  readonly #ended = () => {
    if (--this.#running === 0) this.#retired?.();
  };

  async retire(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#retired = resolve;
      });
    }
    this.#closed = true;
    await this.#built.close();
  }

  async #successor(): Promise<Engine> {
    const successor = this.#current();
    if (!successor) throw new Error('The gateway is closed.');
    return successor;
  }
}

/** Returns a request for another engine: its document was validated against another schema. */
function withoutDocument(request: EngineRequest): EngineRequest {
  return { ...request, document: undefined };
}
