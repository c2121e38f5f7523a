import type { GraphQLFormattedError } from 'graphql';
import type { DeferredFragment } from '../operation/deferred-fragments.ts';
import type { CompiledFragments } from './compiled-fragments.ts';
import type { ResponsePath } from './errors.ts';
import type { FragmentPlace, ListPlace, Run } from './fragment-places.ts';
import type { OpenSlice } from './list-slices.ts';
import { NOT_DEFERRED } from './object-shapes.ts';
import type { PendingFragment } from './payload.ts';

/** `hidden`: a fragment around it is not complete, so that clients do not know it yet. */
type PartState = 'hidden' | 'announced' | 'complete' | 'failed';

/** A deferred fragment of one object. */
export interface FragmentInstance {
  readonly kind: 'fragment';
  /**
   * The same fragment of the document within different deferred fragments, where it is spread several times. They have the same fields,
   * so that it is announced as soon as one of them may be, and comes once.
   */
  readonly copies: Set<DeferredFragment>;
  readonly pending: PendingFragment;
  readonly run: Run;
  /** The places with fields of it that are known so far. */
  readonly places: FragmentPlace[];
  state: PartState;
}

/** A list of one object whose items are delivered one after the other. */
export interface ListInstance {
  readonly kind: 'list';
  readonly place: ListPlace;
  readonly pending: PendingFragment;
  /** The index of the first item that is not delivered. */
  next: number;
  state: PartState;
}

export type DeliveredPart = FragmentInstance | ListInstance;

/** The error of a part that failed because of an error that another part has reported. */
export const FAILED_ELSEWHERE: GraphQLFormattedError = {
  message:
    'The deferred fragment is missing, because a field that must not be null failed with an error at another place.',
  extensions: { code: 'DEFERRED_FRAGMENT_FAILED' },
};

/** The same for a streamed list. */
export const LIST_FAILED_ELSEWHERE: GraphQLFormattedError = {
  message: 'The list ends here, because an item that must not be null failed with an error at another place.',
  extensions: { code: 'STREAMED_LIST_FAILED' },
};

/** Returns the slice with the next items of a list, if these are fetched; `undefined` where they have to be waited for. */
export function readySlice({ place, next }: ListInstance, fragments: CompiledFragments): OpenSlice | undefined {
  const { run, list, set } = place;
  const slice = run.slices?.of(list).find(({ from }) => from === next);
  if (slice === undefined || !slice.progress.isRestDone) return undefined;
  const own = () => fragments.groupsOf(new Set(fragments.of(set)));
  const groups = set === NOT_DEFERRED ? [] : [...own(), ...fragments.sourcesOf(set)];
  return groups.some((group) => slice.progress.isPending(group)) ? undefined : slice;
}

/** Returns the path of the object that so many fields lead to, with all its indices. */
export function objectPath(path: ResponsePath, fields: number): ResponsePath {
  let seen = 0;
  const end = path.findIndex((step) => typeof step === 'string' && ++seen > fields);
  return end < 0 ? path : path.slice(0, end);
}

export function isSamePath(a: ResponsePath, b: ResponsePath): boolean {
  return a.length === b.length && a.every((step, i) => step === b[i]);
}
