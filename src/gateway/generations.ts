import type { SupergraphUpdate } from '../composition/supergraph-provider.ts';
import type { Engine } from '../pipeline/engine.ts';

/** An engine and the end of what it stands on (its sources' connections). */
export interface BuiltEngine {
  readonly engine: Engine;
  close(): Promise<void>;
}

/** Makes an engine for a supergraph. Throws when the supergraph cannot be served; nothing is left open then. */
export type EngineFactory = (update: SupergraphUpdate) => BuiltEngine;

/** Holds the engine in force and swaps it for another without dropping a request. */
export interface Gateway {
  /**
   * The engine in force; `undefined` before the first schema and after `close`. What is under way on an engine when it
   * is replaced ends there; whoever still holds a replaced engine is passed on to the one in force.
   */
  engine(): Engine | undefined;
  /** Builds the new engine whole, then puts it in force. Throws what the factory throws: the old one then stays. */
  swap(update: SupergraphUpdate): void;
  /** Resolves when all that is under way has ended and every source is closed. */
  close(): Promise<void>;
}

export interface GatewayOptions {
  readonly createEngine: EngineFactory;
  /** Told when the sources of a replaced engine did not close in order; requests are not concerned. */
  readonly onCloseError?: (error: unknown) => void;
}

export function createGateway({ createEngine, onCloseError = () => {} }: GatewayOptions): Gateway {
  let current: Generation | undefined;
  const retiring = new Set<Promise<void>>();

  function retire(generation: Generation): void {
    const end = generation.retire().catch(onCloseError);
    retiring.add(end);
    end.then(() => retiring.delete(end));
  }

  return {
    engine: () => current,
    swap(update) {
      const next = new Generation(createEngine(update), () => current);
      const previous = current;
      current = next;
      if (previous) retire(previous);
    },
    async close() {
      const last = current;
      current = undefined;
      if (last) retire(last);
      await Promise.all(retiring);
    },
  };
}

/** One engine with a count of what is under way on it, so that its sources close after the last answer, not before. */
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

  dependsOnClient(request: Parameters<NonNullable<Engine['dependsOnClient']>>[0]): boolean {
    return this.#built.engine.dependsOnClient?.(request) ?? false;
  }

  prepare(query: string, options: { readonly cache: boolean }): void {
    this.#built.engine.prepare?.(query, options);
  }

  recentQueries(max: number): string[] {
    return this.#built.engine.recentQueries?.(max) ?? [];
  }

  execute(request: Parameters<Engine['execute']>[0]): ReturnType<Engine['execute']> {
    if (this.#closed) return this.#passOn(request);
    const answer = this.#built.engine.execute(request);
    this.#running++;
    answer.then(this.#ended, this.#ended);
    return answer;
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

  async #passOn(request: Parameters<Engine['execute']>[0]) {
    const successor = this.#current();
    if (!successor) throw new Error('The gateway is closed.');
    // the document was read for another schema
    return successor.execute({ ...request, document: undefined });
  }
}
