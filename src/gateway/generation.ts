import type { Engine, EngineRequest } from '../pipeline/engine.ts';
import type { ExecutionResult } from '../pipeline/execution-result.ts';
import type { BuiltEngine } from './generations.ts';

/** Learns that an operation has ended, and whether it failed. */
export type OperationObserver = (isFailure: boolean) => void;

/** An engine with a count of its operations in flight, so that its sources close after the last result and stream. */
export class Generation implements Engine {
  readonly #built: BuiltEngine;
  readonly #current: () => Engine | undefined;
  /** Set while a canary runs: learns how each operation has ended. */
  observer: OperationObserver | undefined;
  #running = 0;
  #retired: (() => void) | undefined;
  #closed = false;
  readonly #onRetire = new Set<() => void>();

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

  countFailure(): void {
    this.observer?.(true);
  }

  recentQueries(max: number): string[] {
    return this.#built.engine.recentQueries?.(max) ?? [];
  }

  execute(request: EngineRequest): ReturnType<Engine['execute']> {
    if (this.#closed) return this.#successor().then((engine) => engine.execute(withoutDocument(request)));
    const result = this.#built.engine.execute(request);
    this.#running++;
    result.then(this.#ended, this.#ended);
    if (this.observer) observe(result, request, this.observer);
    return result;
  }

  stream(request: EngineRequest): ReturnType<Engine['stream']> {
    if (this.#closed) return this.#successor().then((engine) => engine.stream(withoutDocument(request)));
    const result = this.#built.engine.stream(request);
    this.#running++;
    result.then((known) => (known.kind === 'stream' ? known.payloads.ended : undefined)).then(this.#ended, this.#ended);
    if (this.observer) observe(result, request, this.observer);
    return result;
  }

  subscribe(request: EngineRequest): Promise<ExecutionResult> {
    if (this.#closed) return this.#successor().then((engine) => subscribeWith(engine, withoutDocument(request)));
    const result = subscribeWith(this.#built.engine, request);
    this.#running++;
    result.then((known) => (known.kind === 'stream' ? known.payloads.ended : undefined)).then(this.#ended, this.#ended);
    if (this.observer) observe(result, request, this.observer);
    return result;
  }

  onRetire(listener: () => void): () => void {
    this.#onRetire.add(listener);
    return () => this.#onRetire.delete(listener);
  }

  readonly #ended = () => {
    if (--this.#running === 0) this.#retired?.();
  };

  async retire(): Promise<void> {
    for (const listener of this.#onRetire) listener();
    this.#onRetire.clear();
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

function subscribeWith(engine: Engine, request: EngineRequest): Promise<ExecutionResult> {
  if (engine.subscribe === undefined) throw new Error('The engine has no subscriptions.');
  return engine.subscribe(request);
}

/** Returns a request for another engine: its document was validated against another schema. */
function withoutDocument(request: EngineRequest): EngineRequest {
  return { ...request, document: undefined };
}

/** Reports the end of an operation, unless it says nothing about the schema: the client has left, or there was no memory for it. */
function observe(result: Promise<ExecutionResult>, { client }: EngineRequest, observer: OperationObserver): void {
  const hasLeft = () => client.signal?.aborted === true && performance.now() < (client.deadline ?? 0);
  result.then(
    (ended) => {
      if (ended.kind === 'stream') observer(false);
      else if (ended.refusal !== 'overload' && !hasLeft()) observer(ended.errors.length > 0);
    },
    () => observer(true),
  );
}
