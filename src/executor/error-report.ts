import type { GraphQLFormattedError } from 'graphql';
import type { DeferGroup, DeferGroups, DeferredFields } from '../operation/defer-groups.ts';
import type { Position } from '../planner/positions.ts';
import type { SourceFailure } from '../sources/source.ts';
import { PathTranslator } from './client-paths.ts';
import type { CompiledLookup, CompiledPlan, CompiledRequest, WrittenKey } from './compile.ts';
import { DeferredErrors } from './deferred-errors.ts';
import { DistinctErrors } from './distinct-errors.ts';
import {
  type ClientPaths,
  formatFailure,
  formatMissingInput,
  formatMissingKey,
  formatSubgraphError,
  formatTimeout,
  malformed,
  type ResponsePath,
  type SubgraphError,
  withViolations,
} from './errors.ts';
import type { RequestError } from './fragment-errors.ts';
import { missingKeys, missingRootKeys } from './missing-keys.ts';
import type { NullOrigin } from './null-origin.ts';
import type { NullReasons } from './null-reasons.ts';
import type { ResponseObject } from './objects.ts';
import { ResponseErrors, type ResponsePlace } from './response-errors.ts';
import type { ResponseObjects, SubgraphPath } from './response-objects.ts';
import { ResponsePlaces, type SentLookup } from './response-places.ts';
import type { Violation } from './write-context.ts';
import { fieldKeys, keyNames } from './written-keys.ts';

/** The same error for many objects is reported for this many of them. */
export const MAX_PLACES_PER_ERROR = 100;
/** From this many errors on, each further one is reported for its first object only. */
const MAX_DETAILED_ERRORS = 10_000;

/** A place in the response of a subgraph, with the client's paths for it. */
interface LocatedPlace {
  readonly place: ResponsePlace;
  readonly paths: readonly ResponsePath[];
  /** How many steps of the place's path the client selected. */
  readonly depth: number;
}

export interface ErrorReportOptions {
  /** Errors that are known before anything is fetched. */
  readonly knownErrors?: readonly GraphQLFormattedError[] | undefined;
  /**
   * Whether the failure of a whole fetch is reported at each place where data is missing. By default it is reported
   * at the first item of a list only.
   */
  readonly reportEveryPlace?: boolean | undefined;
  /** The defer groups of a streamed execution. */
  readonly streamed?: DeferGroups | undefined;
}

const NOWHERE: readonly LocatedPlace[] = [];

/**
 * Collects the errors of one execution and translates them into the client's terms. Nothing here runs without errors.
 */
export class ErrorReport {
  private readonly targets: ResponseObjects;
  private readonly nullReasons: NullReasons;
  private readonly translator: PathTranslator;
  /** The list that errors are added to; in a streamed execution, that of the current request. */
  private errors: GraphQLFormattedError[];
  private readonly deferred: DeferredErrors | undefined;
  private readonly deferredFields: DeferredFields | undefined;
  private readonly everyPlace: boolean;
  private readonly reportedMissing = new Set<string>();
  private readonly distinct = new DistinctErrors();

  constructor(
    compiled: CompiledPlan,
    targets: ResponseObjects,
    nullReasons: NullReasons,
    options: ErrorReportOptions = {},
  ) {
    this.deferredFields = compiled.plan.deferred;
    this.deferred = options.streamed && new DeferredErrors(options.streamed.list);
    this.errors = this.deferred?.listFor(undefined) ?? [];
    for (const error of options.knownErrors ?? []) this.errors.push(error);
    this.everyPlace = options.reportEveryPlace === true;
    this.nullReasons = nullReasons;
    this.targets = targets;
    this.translator = new PathTranslator(compiled, targets);
  }

  /** Sets the request that errors are about from now on. */
  enter({ planned }: CompiledRequest): void {
    if (this.deferred) this.errors = this.deferred.listFor(planned.groups);
  }

  /** Returns all errors, with those of the projection. */
  all(violations: readonly Violation[]): readonly GraphQLFormattedError[] {
    return withViolations(this.errors, violations);
  }

  /** Returns the errors of the first payload of a stream; see {@link DeferredErrors.ofRest}. */
  ofRest(violations: readonly Violation[], isGone: (group: number) => boolean): readonly GraphQLFormattedError[] {
    return withViolations(this.deferred?.ofRest(isGone) ?? [], violations);
  }

  /** All errors of a stream, each with the groups that its request was for. */
  get byRequest(): readonly RequestError[] {
    return this.deferred?.byRequest ?? [];
  }

  /** Returns the errors of a defer group of a stream, without those of the projection. */
  ofGroup(group: number): readonly GraphQLFormattedError[] {
    return this.deferred?.of(group) ?? [];
  }

  /**
   * Reports a failed request once for each field that it should have returned, at the first place where the field is
   * missing.
   * @param isExplained whether a root field has an error of its own already
   */
  addFailure(
    request: CompiledRequest,
    sent: readonly SentLookup[],
    failure: SourceFailure,
    isExplained?: (rootKey: string) => boolean,
  ): void {
    const service = request.planned.subgraph.name;
    for (const path of this.missingPaths(request, sent, isExplained))
      this.distinct.add(this.errors, formatFailure(failure, service, path));
    this.noteReported(request, sent, { kind: 'failure', request, part: sent[0]?.slots, failure });
  }

  /**
   * Records that everything these look-ups or the root request select is missing, because of an error of the
   * subgraph.
   */
  addExplained(
    request: CompiledRequest,
    sent: readonly SentLookup[],
    error: SubgraphError,
    { firstError }: ResponseErrors,
  ): void {
    if (this.everyPlace) {
      const service = request.planned.subgraph.name;
      const reported = new Set(this.errors.slice(firstError).map(({ path }) => JSON.stringify(path)));
      for (const path of this.missingPaths(request, sent))
        if (!reported.has(JSON.stringify(path))) this.errors.push(formatSubgraphError(error, service, path));
    }
    this.noteReported(request, sent, { kind: 'error', request, part: sent[0]?.slots, error });
  }

  private missingPaths(
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

  private noteReported(request: CompiledRequest, sent: readonly SentLookup[], origin: NullOrigin): void {
    const service = request.planned.subgraph.name;
    const note = (objects: readonly ResponseObject[], keys: readonly WrittenKey[]) => {
      const missingFields = { service, keys: keyNames(keys), reason: 'reported', origin } as const;
      for (const object of objects) this.nullReasons.add(object, missingFields);
    };
    if (request.planned.root) note(this.targets.at(request.planned.root.position), request.rootKeys);
    for (const { lookup, objects } of sent) note(objects, lookup.keys);
  }

  /**
   * Reports fields that were left out because their required inputs could not be fetched: once for each field, at its
   * first object.
   */
  addMissingInputs(
    request: CompiledRequest,
    lookup: CompiledLookup,
    objects: readonly ResponseObject[],
    keys: readonly WrittenKey[] = lookup.keys.filter(({ needsInputs }) => needsInputs),
  ): void {
    this.missing({ kind: 'inputs', request, lookup }, objects, keys, formatMissingInput);
  }

  /**
   * Reports objects that were not looked up because their keys could not be fetched, as missing inputs are reported.
   */
  addMissingKeys(request: CompiledRequest, lookup: CompiledLookup, objects: readonly ResponseObject[]): void {
    this.missing({ kind: 'key', request, lookup }, objects, lookup.keys, formatMissingKey);
  }

  private missing(
    origin: Extract<NullOrigin, { kind: 'inputs' | 'key' }>,
    objects: readonly ResponseObject[],
    keys: readonly WrittenKey[],
    format: typeof formatMissingInput,
  ): void {
    const { request, lookup } = origin;
    const service = request.planned.subgraph.name;
    const among = new Set(objects);
    for (const { position } of lookup.targets) {
      const unreported = keys.filter(
        ({ key }) => this.everyPlace || !this.reportedMissing.has(`${position.id} ${key}`),
      );
      const bases = unreported.length > 0 ? this.pathsAmong(position, among) : [];
      if (bases.length === 0) continue;
      for (const { key } of unreported) {
        this.reportedMissing.add(`${position.id} ${key}`);
        if (key === '__typename') continue;
        for (const base of bases)
          for (const path of this.clientPaths([...base, key]).paths) this.errors.push(format(service, path));
      }
    }
    const missingFields = { service, keys: keyNames(keys), reason: 'reported', origin } as const;
    for (const object of objects) this.nullReasons.add(object, missingFields);
  }

  /** Reports a defer group that was not ready in time. */
  addTimeout(group: DeferGroup): void {
    this.errors.push(formatTimeout(group));
  }

  /** Returns the paths of the given objects at a position, up to the number that is reported. */
  private pathsAmong(position: Position, objects: ReadonlySet<ResponseObject>): readonly SubgraphPath[] {
    const all = this.targets.at(position);
    if (!all.some((object) => objects.has(object))) return [];
    const paths = this.targets.pathsAt(position);
    return this.placesOf(paths.filter((_, i) => objects.has(all[i] as ResponseObject)));
  }

  private placesOf(paths: readonly SubgraphPath[]): readonly SubgraphPath[] {
    return this.everyPlace && this.errors.length < MAX_DETAILED_ERRORS ? paths : paths.slice(0, 1);
  }

  /**
   * Reports the errors of a subgraph, each at the places in the client's response that its path names. An error whose
   * path names no place is reported at what its fetch should have returned.
   */
  addSubgraphErrors(
    request: CompiledRequest,
    sent: readonly SentLookup[],
    errors: readonly SubgraphError[],
    data: unknown,
  ): ResponseErrors {
    const service = request.planned.subgraph.name;
    const responseErrors = new ResponseErrors(request, sent, this.targets, data, this.errors.length);
    let fallback: readonly LocatedPlace[] | undefined;
    for (const error of errors) {
      const place = responseErrors.placeOf(error.path);
      if (place === undefined) fallback ??= this.fallbackPlaces(responseErrors, error.path !== undefined);
      const found = place ? this.findPlace(responseErrors, place) : (fallback as readonly LocatedPlace[]);
      if (place === undefined || place.explainsAll) responseErrors.explainsAll ??= error;
      const most = this.maxPlaces();
      for (const one of found.slice(0, most)) this.addAt(one, error, service);
      if (found.length === 0) this.errors.push(formatSubgraphError(error, service, undefined));
      const origin = { kind: 'error', request, part: sent[0]?.slots, error } as const;
      for (const one of found) responseErrors.add(one.place, one.depth, origin);
    }
    responseErrors.note(this.nullReasons);
    return responseErrors;
  }

  /** Reports an error at a place. What is not selected is reported at its object: once, however often it is fetched there. */
  private addAt({ place, paths, depth }: LocatedPlace, error: SubgraphError, service: string): void {
    const isSelected = depth === place.rest.length;
    for (const path of paths) {
      const formatted = formatSubgraphError(error, service, path);
      if (isSelected) this.errors.push(formatted);
      else this.distinct.add(this.errors, formatted);
    }
  }

  /** Reports malformed entities, at the fields that they should have brought for their objects. */
  addMalformedEntities(request: CompiledRequest, sentLookup: SentLookup, problems: ReadonlyMap<number, string>): void {
    const service = request.planned.subgraph.name;
    const places = new ResponsePlaces([sentLookup], this.targets);
    for (const [slot, reason] of problems) {
      const failure = malformed(request.planned, reason);
      for (const base of places.of(sentLookup.part.alias, slot).slice(0, this.maxPlaces()))
        for (const path of this.fieldPaths(base, sentLookup.lookup))
          this.errors.push(formatFailure(failure, service, path));
    }
  }

  /**
   * Returns the client's paths of an object's fields that a look-up selects; the object itself where the client
   * selected none.
   */
  private fieldPaths(base: SubgraphPath, lookup: CompiledLookup): readonly ResponsePath[] {
    const visible = fieldKeys(lookup).flatMap((key) => {
      const { paths, depth } = this.clientPaths([...base, ...key]);
      return depth === base.length + 1 ? paths : [];
    });
    return visible.length > 0 ? visible : this.clientPaths(base).paths;
  }

  private maxPlaces(): number {
    return this.errors.length < MAX_DETAILED_ERRORS ? MAX_PLACES_PER_ERROR : 1;
  }

  private findPlace(responseErrors: ResponseErrors, place: ResponsePlace): readonly LocatedPlace[] {
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
  private fallbackPlaces(responseErrors: ResponseErrors, hasPath: boolean): readonly LocatedPlace[] {
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

  private clientPaths(path: SubgraphPath): ClientPaths {
    return this.translator.clientPaths(path);
  }
}
