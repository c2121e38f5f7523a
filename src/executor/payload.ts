import type { GraphQLFormattedError } from 'graphql';
import type { DeferGroup } from '../operation/defer-groups.ts';
import type { ResponsePath } from './errors.ts';

/** Where a payload belongs that follows the first one of its stream. */
export interface DeferredPart {
  /** `undefined` for a deferred fragment. */
  readonly group?: DeferGroup | undefined;
  /** The path of the object that the fields in the payload's data belong to. */
  readonly path: ResponsePath;
  readonly fragment?: FragmentPart | undefined;
}

/** A part that is a section of an endpoint. */
export type SectionPart = DeferredPart & { readonly group: DeferGroup };

/** A deferred fragment or streamed list of one object in the result. */
export interface PendingFragment {
  /** Unique within the stream. */
  readonly id: string;
  readonly label: string | undefined;
  /** The path of the object that the fragment is selected on, or of the list. */
  readonly path: ResponsePath;
  /** Whether it is a list with `@stream`, in place of a fragment. */
  readonly isList: boolean;
}

/**
 * What a payload is to a deferred fragment or streamed list. A fragment has several payloads where parts of it are in other objects, a
 * list where its items are not fetched together.
 */
export interface FragmentPart {
  readonly pending: PendingFragment;
  /**
   * `data`: fields of it. `items`: items of it, as a list. `none`: all its fields have come with other fragments. `failed`: nothing
   * more of it will come.
   */
  readonly kind: 'data' | 'items' | 'none' | 'failed';
  /** Of a list: the index of the first item of the payload. */
  readonly index?: number | undefined;
  /** Whether nothing more of the fragment follows. */
  readonly isLast: boolean;
}

const NONE: readonly never[] = [];

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
  /** The deferred fragments and streamed lists that will follow, and that no payload before has announced. */
  announced: readonly PendingFragment[] = NONE;
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

  /** Returns the payload with other content, and takes the text. */
  replace(
    dataText: string | undefined,
    errors: readonly GraphQLFormattedError[],
    extensions: Payload['extensions'],
  ): Payload {
    this.takeText();
    const replaced = new Payload(dataText, errors, extensions, this.deferred);
    replaced.announced = this.announced;
    return replaced;
  }

  /** Returns the text and removes it from the payload; for the last reader. */
  takeText(): string | undefined {
    const { text } = this;
    if (text !== undefined) this.text = '';
    return text;
  }
}
