import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { RequestContext } from '../http/request-context.ts';
import type { SingleResult } from '../pipeline/execution-result.ts';

/**
 * An execution result as Yoga and Envelop plugins see it. Parses its `data` when a plugin reads it, and writes it again only if the
 * plugin has changed it. Numbers with more digits than a JavaScript number lose them then.
 */
export class LazyResult {
  // biome-ignore lint/suspicious/noExplicitAny: graphql-js types it so
  declare data?: any;
  declare errors?: readonly GraphQLError[];
  declare extensions?: Record<string, unknown>;
  readonly #source: SingleResult;
  readonly #context: RequestContext;
  readonly #dataText: string | undefined;
  readonly #errors: readonly GraphQLError[];
  #data: unknown;
  #isRead = false;

  /** @param context the request that the result is for */
  constructor(source: SingleResult, context: RequestContext) {
    this.#source = source;
    this.#context = context;
    this.#dataText = source.dataText;
    this.#errors = source.errors.map((error) => new ResultError(error));
    if (this.#errors.length > 0) this.errors = this.#errors;
    if (source.extensions !== undefined) this.extensions = source.extensions;
    // an own property, so that a plugin can spread the result into another object
    if (source.dataText !== undefined) {
      Object.defineProperty(this, 'data', {
        enumerable: true,
        configurable: true,
        get: () => this.#read(),
        set: (data: unknown) => {
          this.#data = data;
          this.#isRead = true;
        },
      });
    }
  }

  #read(): unknown {
    if (!this.#isRead) {
      this.#isRead = true;
      this.#data = JSON.parse(this.#dataText ?? 'null');
    }
    return this.#data;
  }

  get context(): RequestContext {
    return this.#context;
  }

  /** Returns the result with its text if nothing in it has changed; `undefined` otherwise. */
  get unchanged(): SingleResult | undefined {
    if (this.errors !== (this.#errors.length > 0 ? this.#errors : undefined)) return undefined;
    if (this.extensions !== this.#source.extensions) return undefined;
    if (!this.#isRead) return this.#source;
    const text = this.#dataText ?? 'null';
    return JSON.stringify(this.#data) === JSON.stringify(JSON.parse(text)) ? this.#source : undefined;
  }
}

/** An error of a result. It is serialized unchanged. */
class ResultError extends GraphQLError {
  readonly #formatted: GraphQLFormattedError;

  constructor(formatted: GraphQLFormattedError) {
    super(formatted.message, { path: formatted.path, extensions: formatted.extensions });
    this.#formatted = formatted;
  }

  override toJSON(): GraphQLFormattedError {
    return this.#formatted;
  }
}
