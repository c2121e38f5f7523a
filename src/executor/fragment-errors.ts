import type { GraphQLFormattedError } from 'graphql';
import type { ResponsePath } from './errors.ts';
import type { FragmentPlace, FragmentPlaces, ItemsPlace } from './fragment-places.ts';
import type { ResponseObject } from './objects.ts';

/** An error of a request. */
export interface RequestError {
  readonly error: GraphQLFormattedError;
  /** The defer groups that the request was for; `undefined` for the rest. */
  readonly groups: readonly number[] | undefined;
}

/** The errors of an execution with deferred fragments. Each belongs to one payload: that of the fields around its path. */
export class FragmentErrors {
  private readonly all: () => readonly RequestError[];
  private readonly places: FragmentPlaces;
  private readonly data: ResponseObject;
  private readonly taken = new Set<GraphQLFormattedError>();

  /** @param all returns the errors so far */
  constructor(all: () => readonly RequestError[], places: FragmentPlaces, data: ResponseObject) {
    this.all = all;
    this.places = places;
    this.data = data;
  }

  /** Takes the errors of the first payload: among those of requests for fragments alone, the ones that say why something in it is null. */
  takeRest(): GraphQLFormattedError[] {
    const { places, data } = this;
    return this.take(({ error: { path }, groups }) => {
      if (path === undefined) return groups === undefined;
      return groups === undefined ? places.hasError(path, data, undefined) : places.leadsToNull(path, data);
    });
  }

  /** Takes the errors within the fields of a place, or within items of a list. */
  takeAt(place: FragmentPlace | ItemsPlace): GraphQLFormattedError[] {
    return this.take(({ error: { path } }) => path !== undefined && this.places.hasError(path, this.data, place));
  }

  /** Takes the errors of requests for some groups whose paths are in no deferred field, at or around an object. */
  takeAround(above: ResponsePath, groups: readonly number[]): GraphQLFormattedError[] {
    return this.take(
      ({ error: { path }, groups: own }) =>
        own?.some((group) => groups.includes(group)) === true && (path === undefined || isOneWithin(path, above)),
    );
  }

  /** Takes what no payload has had. */
  takeAll(): GraphQLFormattedError[] {
    return this.take(() => true);
  }

  private take(isWanted: (one: RequestError) => boolean): GraphQLFormattedError[] {
    const found = this.all().filter((one) => !this.taken.has(one.error) && isWanted(one));
    for (const { error } of found) this.taken.add(error);
    return found.map(({ error }) => error);
  }
}

function isOneWithin(a: ResponsePath, b: ResponsePath): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.every((step, i) => long[i] === step);
}
