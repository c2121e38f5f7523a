import type { GraphQLFormattedError } from 'graphql';
import type { DeferGroup, DeferGroups } from '../operation/defer-groups.ts';
import type { SourceFailure } from '../sources/source.ts';
import type { CompiledLookup, CompiledPlan, CompiledRequest, WrittenKey } from './compile.ts';
import { DeferredErrors } from './deferred-errors.ts';
import { DistinctErrors } from './distinct-errors.ts';
import { ErrorLocator, type LocatedPlace } from './error-locator.ts';
import {
  formatFailure,
  formatMissingInput,
  formatMissingKey,
  formatSubgraphError,
  formatTimeout,
  malformed,
  type SubgraphError,
  withViolations,
} from './errors.ts';
import type { RequestError } from './fragment-errors.ts';
import type { NullOrigin } from './null-origin.ts';
import type { NullReasons } from './null-reasons.ts';
import type { ResponseObject } from './objects.ts';
import { ResponseErrors } from './response-errors.ts';
import type { ResponseObjects } from './response-objects.ts';
import { ResponsePlaces, type SentLookup } from './response-places.ts';
import type { Violation } from './write-context.ts';
import { keyNames } from './written-keys.ts';

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

/**
 * Collects the errors of one execution and translates them into the client's terms. Nothing here runs without errors.
 */
export class ErrorReport {
  private readonly targets: ResponseObjects;
  private readonly nullReasons: NullReasons;
  private readonly locator: ErrorLocator;
  /** The list that errors are added to; in a streamed execution, that of the current request. */
  private errors: GraphQLFormattedError[];
  private readonly deferred: DeferredErrors | undefined;
  private readonly everyPlace: boolean;
  private readonly reportedMissing = new Set<string>();
  private readonly distinct = new DistinctErrors();

  constructor(
    compiled: CompiledPlan,
    targets: ResponseObjects,
    nullReasons: NullReasons,
    options: ErrorReportOptions = {},
  ) {
    this.deferred = options.streamed && new DeferredErrors(options.streamed.list);
    this.errors = this.deferred?.listFor(undefined) ?? [];
    for (const error of options.knownErrors ?? []) this.errors.push(error);
    this.everyPlace = options.reportEveryPlace === true;
    this.nullReasons = nullReasons;
    this.targets = targets;
    this.locator = new ErrorLocator(compiled, targets, {
      everyPlace: this.everyPlace,
      errorCount: () => this.errors.length,
    });
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
    for (const path of this.locator.missingPaths(request, sent, isExplained))
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
      for (const path of this.locator.missingPaths(request, sent))
        if (!reported.has(JSON.stringify(path))) this.errors.push(formatSubgraphError(error, service, path));
    }
    this.noteReported(request, sent, { kind: 'error', request, part: sent[0]?.slots, error });
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
      const bases = unreported.length > 0 ? this.locator.pathsAmong(position, among) : [];
      if (bases.length === 0) continue;
      for (const { key } of unreported) {
        this.reportedMissing.add(`${position.id} ${key}`);
        if (key === '__typename') continue;
        for (const base of bases)
          for (const path of this.locator.clientPaths([...base, key]).paths) this.errors.push(format(service, path));
      }
    }
    const missingFields = { service, keys: keyNames(keys), reason: 'reported', origin } as const;
    for (const object of objects) this.nullReasons.add(object, missingFields);
  }

  /** Reports a defer group that was not ready in time. */
  addTimeout(group: DeferGroup): void {
    this.errors.push(formatTimeout(group));
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
      if (place === undefined) fallback ??= this.locator.fallbackPlaces(responseErrors, error.path !== undefined);
      const found = place ? this.locator.findPlace(responseErrors, place) : (fallback as readonly LocatedPlace[]);
      if (place === undefined || place.explainsAll) responseErrors.explainsAll ??= error;
      const most = this.locator.maxPlaces();
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
      for (const base of places.of(sentLookup.part.alias, slot).slice(0, this.locator.maxPlaces()))
        for (const path of this.locator.fieldPaths(base, sentLookup.lookup))
          this.errors.push(formatFailure(failure, service, path));
    }
  }
}
