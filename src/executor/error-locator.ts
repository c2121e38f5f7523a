import type { DeferredFields } from '../operation/defer-groups.ts';
import type { Position } from '../planner/positions.ts';
import { PathTranslator } from './client-paths.ts';
import type { CompiledLookup, CompiledPlan, CompiledRequest } from './compile.ts';
import type { ClientPaths, ResponsePath } from './errors.ts';
import { missingKeys, missingRootKeys } from './missing-keys.ts';
import type { ResponseObject } from './objects.ts';
import type { ResponseErrors, ResponsePlace } from './response-errors.ts';
import type { ResponseObjects, SubgraphPath } from './response-objects.ts';
import type { SentLookup } from './response-places.ts';
import { fieldKeys } from './written-keys.ts';

/** The same error for many objects is reported for this many of them. */
export const MAX_PLACES_PER_ERROR = 100;
/** From this many errors on, each further one is reported for its first object only. */
const MAX_DETAILED_ERRORS = 10_000;

/** A place in the response of a subgraph, with the client's paths for it. */
export interface LocatedPlace {
  readonly place: ResponsePlace;
  readonly paths: readonly ResponsePath[];
  /** How many steps of the place's path the client selected. */
  readonly depth: number;
}

interface LocatorOptions {
  /** Whether the failure of a whole fetch is reported at each place where data is missing, in place of the first item of a list. */
  readonly everyPlace: boolean;
  /** Returns how many errors there are so far. */
  readonly errorCount: () => number;
}

const NOWHERE: readonly LocatedPlace[] = [];

/** Finds the places in the client's response where errors of requests are reported. */
export class ErrorLocator {
  private readonly targets: ResponseObjects;
  private readonly translator: PathTranslator;
  private readonly deferredFields: DeferredFields | undefined;
  private readonly everyPlace: boolean;
  private readonly errorCount: () => number;

  constructor(compiled: CompiledPlan, targets: ResponseObjects, { everyPlace, errorCount }: LocatorOptions) {
    this.deferredFields = compiled.plan.deferred;
    this.targets = targets;
    this.translator = new PathTranslator(compiled, targets);
    this.everyPlace = everyPlace;
    this.errorCount = errorCount;
  }

  /**
   * Returns the client's paths of what a request should have returned: each field once, at its first place, or at all of them.
   * @param isExplained whether a root field has an error of its own already
   */
  missingPaths(
    request: CompiledRequest,
    sent: readonly SentLookup[],
    isExplained: (rootKey: string) => boolean = () => false,
  ): Iterable<ResponsePath> {
    const paths = new Map<string, ResponsePath>();
    const add = (subgraphPath: SubgraphPath) => {
      for (const path of this.clientPaths(subgraphPath).paths)
        paths.set(JSON.stringify(this.everyPlace ? path : path.filter((step) => typeof step === 'string')), path);
    };
    if (request.planned.root) {
      for (const base of this.placesOf(this.targets.pathsAt(request.planned.root.position)))
        for (const keys of missingRootKeys(request, this.deferredFields))
          if (!isExplained(String(keys[0]))) add([...base, ...keys]);
    }
    for (const { lookup, objects } of sent) {
      const among = new Set(objects);
      for (const target of lookup.targets)
        for (const base of this.pathsAmong(target.position, among))
          for (const keys of missingKeys(request, lookup, target, this.deferredFields)) add([...base, ...keys]);
    }
    return paths.values();
  }

  /** Returns the paths of the given objects at a position, up to the number that is reported. */
  pathsAmong(position: Position, objects: ReadonlySet<ResponseObject>): readonly SubgraphPath[] {
    const all = this.targets.at(position);
    if (!all.some((object) => objects.has(object))) return [];
    const paths = this.targets.pathsAt(position);
    return this.placesOf(paths.filter((_, i) => objects.has(all[i] as ResponseObject)));
  }

  private placesOf(paths: readonly SubgraphPath[]): readonly SubgraphPath[] {
    return this.everyPlace && this.errorCount() < MAX_DETAILED_ERRORS ? paths : paths.slice(0, 1);
  }

  /**
   * Returns the client's paths of an object's fields that a look-up selects; the object itself where the client
   * selected none.
   */
  fieldPaths(base: SubgraphPath, lookup: CompiledLookup): readonly ResponsePath[] {
    const visible = fieldKeys(lookup).flatMap((key) => {
      const { paths, depth } = this.clientPaths([...base, ...key]);
      return depth === base.length + 1 ? paths : [];
    });
    return visible.length > 0 ? visible : this.clientPaths(base).paths;
  }

  /** Returns for how many objects the next error is reported. */
  maxPlaces(): number {
    return this.errorCount() < MAX_DETAILED_ERRORS ? MAX_PLACES_PER_ERROR : 1;
  }

  /** Returns the place that the path of an error names, with the paths of all objects that it concerns; none where no object does. */
  findPlace(responseErrors: ResponseErrors, place: ResponsePlace): readonly LocatedPlace[] {
    // a missing list is reported as a failed request is
    const most = place.entity && place.explainsAll && !this.everyPlace ? 1 : this.maxPlaces();
    const sentLookup =
      place.entity && place.rest.length === 0 && this.everyPlace && responseErrors.sentLookup(place.entity.alias);
    const paths: ResponsePath[] = [];
    let depth = 0;
    for (const base of responseErrors.bases(place)) {
      if (sentLookup) {
        paths.push(...this.fieldPaths(base, sentLookup.lookup));
      } else {
        const client = this.clientPaths([...base, ...place.rest]);
        depth = Math.max(client.depth - base.length, 0);
        paths.push(...client.paths);
      }
      if (paths.length >= most) break;
    }
    return paths.length === 0 ? NOWHERE : [{ place, paths: paths.slice(0, most), depth }];
  }

  /**
   * Returns what a fetch should have returned: the fields that are missing or null, each at its first place; if none
   * is, all of them. An error without a path belongs to no field of a complete response.
   */
  fallbackPlaces(responseErrors: ResponseErrors, hasPath: boolean): readonly LocatedPlace[] {
    const missing = this.locate(responseErrors, responseErrors.missingPlaces());
    if (missing.length > 0 || (!hasPath && responseErrors.isOfRoot)) return missing;
    return this.locate(responseErrors, responseErrors.firstPlaces());
  }

  private locate(responseErrors: ResponseErrors, places: readonly ResponsePlace[]): readonly LocatedPlace[] {
    const found = places.flatMap((place) => {
      const [base] = responseErrors.bases(place);
      const client = base && this.clientPaths([...base, ...place.rest]);
      return client ? [{ place, paths: client.paths, depth: client.depth - base.length }] : [];
    });
    // keys for other fetches are not selected by the client: they are reported at the object
    const visible = found.filter(({ depth, place }) => depth === place.rest.length);
    return visible.length > 0 ? visible : found.slice(0, 1);
  }

  clientPaths(path: SubgraphPath): ClientPaths {
    return this.translator.clientPaths(path);
  }
}
