import type { GraphQLFormattedError } from 'graphql';
import type { DeferGroup } from '../operation/defer-groups.ts';
import type { ResponsePath } from './errors.ts';

/** Where a payload belongs that follows the first one of its stream. */
export interface DeferredPart {
  readonly group: DeferGroup;
  /** The path of the object that the fields in the payload's data belong to. */
  readonly path: ResponsePath;
}

/**
 * The text of `data` and the errors: a whole result, or one part of a streamed one. It owns its text, and lets go of
 * it when the last reader takes it. What waited for a result, a promise or a closure, has often become an old object
 * meanwhile. V8 keeps what a dead old object points to until the next full collection, copying it at each minor one:
 * that was most of the garbage collector's work for large responses.
 */
export class Payload {
  readonly errors: readonly GraphQLFormattedError[];
  /** The `extensions` member of the response. */
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
  /** `undefined` for a whole result, and for the first payload of a stream. */
  readonly deferred: DeferredPart | undefined;
  private text: string | undefined;

  constructor(
    dataText: string | undefined,
    errors: readonly GraphQLFormattedError[],
    extensions?: Readonly<Record<string, unknown>>,
    deferred?: DeferredPart,
  ) {
    this.text = dataText;
    this.errors = errors;
    this.extensions = extensions;
    this.deferred = deferred;
  }

  /**
   * JSON text of `data` (`{…}` or `null`); `undefined` when execution never began (a request error). Empty after
   * {@link takeText}.
   */
  get dataText(): string | undefined {
    return this.text;
  }

  /** Returns the text and removes it from the payload; for the last reader. */
  takeText(): string | undefined {
    const { text } = this;
    if (text !== undefined) this.text = '';
    return text;
  }
}
