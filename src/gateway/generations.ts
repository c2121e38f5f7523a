import type { ClientInfo } from '../client/identity.ts';
import type { CanaryEnd, SupergraphUpdate } from '../composition/supergraph-provider.ts';
import type { CanarySettings } from '../config/sections/canary.ts';
import type { Engine } from '../pipeline/engine.ts';
import { runInSlices, type Steps } from '../shared/steps.ts';
import { Canary, type CanaryStatus } from './canary.ts';
import { Generation } from './generation.ts';

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

/** Something that happened to a canary. */
export interface CanaryEvent {
  readonly kind: 'started' | 'promoted' | 'rolled_back' | 'replaced';
  readonly reason: string;
  readonly status: CanaryStatus;
  /** The engine that served the other clients. */
  readonly others: Engine | undefined;
}

/** `unchanged`: the supergraph is the current one. */
export type Swapped = 'served' | 'canary' | 'unchanged';

/** The holder of the current engine. Replaces it without dropping a request. */
export interface Gateway {
  /**
   * Returns the engine for a client: the current one, or that of a canary; without a client, the current one. `undefined` before the first
   * schema and after `close`. Operations in flight on a replaced engine complete there. A caller that still holds a closed engine is
   * forwarded to the current one.
   */
  engine(client?: ClientInfo): Engine | undefined;
  /** The canary, if there is one. */
  canary(): Canary | undefined;
  /**
   * Builds a new engine between requests, then makes it the current one, or a canary. Rejects with what the factory or `prepare`
   * throws, and keeps the previous engine then. Swaps happen one after the other. Does nothing after `close`.
   */
  swap(update: SupergraphUpdate, prepare?: PrepareForEngine): Promise<Swapped>;
  /**
   * Makes the canary the current engine. Resolves with false, and does nothing, without a canary with this id.
   * @param id by default, any canary
   */
  promote(reason: string, id?: string): Promise<boolean>;
  /** Ends the canary; the current engine serves all clients again. Else as `promote`. */
  rollBack(reason: string, id?: string): Promise<boolean>;
  /** Resolves when all operations in flight have completed and every source is closed. */
  close(): Promise<void>;
}

export interface CanaryOptions {
  readonly settings: CanarySettings;
  /** Whether the canary is promoted at the end of its duration; if not, another process says when. */
  readonly hasTimer: boolean;
  readonly onEvent: (event: CanaryEvent) => void;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
}

export interface GatewayOptions {
  readonly createEngine: EngineFactory;
  /** Called when closing the sources of a replaced engine failed. Requests are not affected. */
  readonly onCloseError?: (error: unknown) => void;
  /** Without it, a new supergraph serves all clients at once. */
  readonly canary?: CanaryOptions | undefined;
}

/** Ends the canary as another process or an operator says. Resolves with whether there was one. */
export function endCanary(
  gateway: Pick<Gateway, 'promote' | 'rollBack'>,
  { action, reason, id }: CanaryEnd,
): Promise<boolean> {
  return action === 'promote' ? gateway.promote(reason, id) : gateway.rollBack(reason, id);
}

export function createGateway(options: GatewayOptions): Gateway {
  return new Generations(options);
}

/** A canary that runs, and how to end it. */
interface RunningCanary {
  readonly canary: Canary;
  readonly prepare: PrepareForEngine | undefined;
  readonly timer: NodeJS.Timeout | undefined;
}

class Generations implements Gateway {
  readonly #createEngine: EngineFactory;
  readonly #onCloseError: (error: unknown) => void;
  readonly #canaries: CanaryOptions | undefined;
  #current: Generation | undefined;
  #running: RunningCanary | undefined;
  readonly #retiring = new Set<Promise<void>>();
  #closed = false;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor({ createEngine, onCloseError = () => {}, canary }: GatewayOptions) {
    this.#createEngine = createEngine;
    this.#onCloseError = onCloseError;
    this.#canaries = canary;
  }

  readonly engine = (client?: ClientInfo): Engine | undefined => {
    const running = this.#running;
    if (running === undefined || client === undefined) return this.#current;
    return running.canary.serves(client) ? running.canary.engine : this.#current;
  };

  readonly canary = (): Canary | undefined => this.#running?.canary;

  swap(update: SupergraphUpdate, prepare?: PrepareForEngine): Promise<Swapped> {
    return this.#inTurn(() => this.#swapNow(update, prepare));
  }

  promote(reason: string, id?: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const running = this.#runningWith(id);
      if (running === undefined) return false;
      const { generation } = running.canary;
      const { prepare } = running;
      // the endpoints were prepared for the engine of the canary
      if (prepare)
        await runInSlices(
          stepsUntil(prepare(generation), () => this.#closed),
          undefined,
          1,
        );
      if (this.#running !== running) return false;
      this.#forget(running);
      const others = this.#current;
      this.#replaceCurrent(generation);
      this.#report('promoted', reason, running.canary, others);
      return true;
    });
  }

  rollBack(reason: string, id?: string): Promise<boolean> {
    const running = this.#runningWith(id);
    // at once, also while the next generation is being built
    if (running) return Promise.resolve(this.#end(running, 'rolled_back', reason));
    return this.#inTurn(async () => {
      const later = this.#runningWith(id);
      return later !== undefined && this.#end(later, 'rolled_back', reason);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#lastChange;
    const running = this.#running;
    if (running) this.#forget(running);
    const last = this.#current;
    this.#current = undefined;
    for (const generation of [running?.canary.generation, last]) if (generation) this.#retire(generation);
    await Promise.all(this.#retiring);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#lastChange.then(change);
    this.#lastChange = changed.catch(() => {});
    return changed;
  }

  async #swapNow(update: SupergraphUpdate, prepare: PrepareForEngine | undefined): Promise<Swapped> {
    const running = this.#running;
    if (running !== undefined && update.sdl === this.#current?.supergraph.sdl) {
      this.#end(running, 'replaced', 'the current supergraph was loaded again');
      return 'unchanged';
    }
    const built = await runInSlices(
      stepsUntil(this.#build(update, prepare), () => this.#closed),
      undefined,
      1,
    );
    if (built === undefined) return 'unchanged';
    if (this.#closed) {
      await (built instanceof Canary ? built.generation : built).retire();
      return 'unchanged';
    }
    if (built instanceof Canary) {
      if (this.#running) this.#end(this.#running, 'replaced', 'the supergraph has changed again');
      this.#begin(built, prepare);
      return 'canary';
    }
    this.#replaceCurrent(built);
    return 'served';
  }

  *#build(update: SupergraphUpdate, prepare: PrepareForEngine | undefined): Steps<Generation | Canary> {
    const built = yield* this.#createEngine(update);
    let isReady = false;
    try {
      const generation = new Generation(built, () => this.#current);
      const canary = this.#current && this.#newCanary(generation);
      yield;
      if (prepare) yield* prepare(canary?.engine ?? generation);
      isReady = true;
      return canary ?? generation;
    } finally {
      if (!isReady) built.close().catch(this.#onCloseError);
    }
  }

  #newCanary(generation: Generation): Canary | undefined {
    // what all clients already have needs no canary: it is loaded again after problems, or after a rollback
    if (this.#canaries === undefined || generation.supergraph.sdl === this.#current?.supergraph.sdl) return undefined;
    const { settings, now = () => performance.now() } = this.#canaries;
    return new Canary({ generation, settings, now });
  }

  #begin(canary: Canary, prepare: PrepareForEngine | undefined): void {
    const { settings, hasTimer } = this.#canaries as CanaryOptions;
    const onEnd = () =>
      void this.promote('its time is over', canary.id).catch((error: unknown) =>
        this.rollBack(`it could not be promoted: ${error}`, canary.id),
      );
    const timer = hasTimer ? setTimeout(onEnd, settings.duration).unref() : undefined;
    this.#running = { canary, prepare, timer };
    const { monitor, generation } = canary;
    if (this.#current) this.#current.observer = (isFailure) => void monitor.record(false, isFailure);
    generation.observer = (isFailure) => {
      const reason = monitor.record(true, isFailure);
      if (reason !== undefined) void this.rollBack(reason, canary.id);
    };
    this.#report('started', 'the supergraph has changed', canary);
  }

  #runningWith(id: string | undefined): RunningCanary | undefined {
    return id === undefined || this.#running?.canary.id === id ? this.#running : undefined;
  }

  #end(running: RunningCanary, kind: 'rolled_back' | 'replaced', reason: string): true {
    this.#forget(running);
    this.#retire(running.canary.generation);
    this.#report(kind, reason, running.canary);
    return true;
  }

  #forget({ canary, timer }: RunningCanary): void {
    clearTimeout(timer);
    this.#running = undefined;
    canary.generation.observer = undefined;
    if (this.#current) this.#current.observer = undefined;
  }

  #report(kind: CanaryEvent['kind'], reason: string, { status }: Canary, others: Engine | undefined = this.#current) {
    this.#canaries?.onEvent({ kind, reason, status, others });
  }

  #replaceCurrent(next: Generation): void {
    const previous = this.#current;
    this.#current = next;
    if (previous) this.#retire(previous);
  }

  #retire(generation: Generation): void {
    const end = generation.retire().catch(this.#onCloseError);
    this.#retiring.add(end);
    end.then(() => this.#retiring.delete(end));
  }
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
