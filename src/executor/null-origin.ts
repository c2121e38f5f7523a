import type { SourceFailure } from '../sources/source.ts';
import type { CompiledLookup, CompiledRequest } from './compile.ts';
import type { SubgraphError } from './errors.ts';

/** What happened where data is missing. Debug traces make a chain of causes of it. */
export type NullOrigin =
  /** A fetch failed, or an entity of its response is malformed. */
  | (OfFetch & { readonly kind: 'failure'; readonly failure: SourceFailure })
  /** The response has a GraphQL error. */
  | (OfFetch & { readonly kind: 'error'; readonly error: SubgraphError })
  /** The response has null in place of the entity. */
  | (OfFetch & { readonly kind: 'entity' })
  /** The object was not looked up: it lacks a part of its key. */
  | { readonly kind: 'key'; readonly request: CompiledRequest; readonly lookup: CompiledLookup }
  /** Fields were left out: the object lacks what they require, or a value of a context. */
  | { readonly kind: 'inputs'; readonly request: CompiledRequest; readonly lookup: CompiledLookup }
  /** Two fetches contradict each other. */
  | { readonly kind: 'conflict'; readonly service: string; readonly message: string };

/** The fetch that something happened in. */
interface OfFetch {
  readonly request: CompiledRequest;
  /** The indices of the first look-up: this list identifies the fetch, also if a request is split. `undefined` for a root request. */
  readonly part: object | undefined;
}
