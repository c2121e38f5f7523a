import type { GraphQLFormattedError } from 'graphql';
import type { TimedSection } from '../operation/timed-sections.ts';
import type { Position } from '../planner/positions.ts';
import type { SourceFailure } from '../sources/source.ts';
import { ResponseErrors, type ResponsePlace } from './answer-errors.ts';
import { type LookedUp, ResponsePlaces } from './answer-places.ts';
import type { CompiledLookup, CompiledPlan, CompiledRequest, WrittenKey } from './compile.ts';
import {
  type ClientPaths,
  formatFailure,
  formatMissingInput,
  formatMissingKey,
  formatSubgraphError,
  formatViolation,
  malformed,
  type ResponsePath,
  type SubgraphError,
  toClientPaths,
} from './errors.ts';
import type { Gaps } from './gaps.ts';
import { isObject, type ResponseObject } from './objects.ts';
import type { Part, Shape, Violation } from './projection.ts';
import type { ResponseObjects, SubgraphPath } from './response-objects.ts';

/** The same error for many objects is told for this many of them. */
const TOLD_PER_ERROR = 100;
/** Once there are this many errors, each further one is told for its first object only. */
const MANY_ERRORS = 10_000;

/** A place in a subgraph's response, and the client's paths that mean it. */
interface FoundPlace {
  readonly place: ResponsePlace;
  readonly paths: readonly ResponsePath[];
  /** How many steps of the place's path the client knows of. */
  readonly depth: number;
}

export interface ErrorReportOptions {
  /** Errors that are known before anything is fetched. */
  readonly knownErrors?: readonly GraphQLFormattedError[] | undefined;
  /** What failed as a whole is reported at each place where it is missing, not only at the first of a list. */
  readonly reportEveryPlace?: boolean | undefined;
}

const NOWHERE: readonly FoundPlace[] = [];

/** Gathers what went wrong during one execution, and puts it into the client's terms. Nothing here runs while all is well. */
export class ErrorReport {
  private readonly compiled: CompiledPlan;
  private readonly targets: ResponseObjects;
  private readonly gaps: Gaps;
  private readonly root: readonly [Part];
  private readonly shapes = new Map<readonly Part[], Map<string, Shape>>();
  private readonly errors: GraphQLFormattedError[];
  private readonly everyPlace: boolean;
  private readonly reportedMissing = new Set<string>();

  constructor(compiled: CompiledPlan, targets: ResponseObjects, gaps: Gaps, options: ErrorReportOptions = {}) {
    this.errors = [...(options.knownErrors ?? [])];
    this.everyPlace = options.reportEveryPlace === true;
    this.gaps = gaps;
    this.compiled = compiled;
    this.targets = targets;
    this.root = [{ position: compiled.plan.root, selection: compiled.plan.selection }];
  }

  all(violations: readonly Violation[]): readonly GraphQLFormattedError[] {
    return violations.length === 0 ? this.errors : [...this.errors, ...violations.map(formatViolation)];
  }

  /**
   * A whole request failed: told once for each field that it should have brought, at the first place where it is missing.
   * @param isExplained whether a root field has an error of its own already
   */
  failure(
    request: CompiledRequest,
    sent: readonly LookedUp[],
    failure: SourceFailure,
    isExplained?: (rootKey: string) => boolean,
  ): void {
    const service = request.planned.subgraph.name;
    for (const path of this.missingPaths(request, sent, isExplained))
      this.errors.push(formatFailure(failure, service, path));
    this.noteReported(request, sent);
  }

  /** All that these look-ups, or the root request, should have brought is missing, and an error of the subgraph says so. */
  explained(
    request: CompiledRequest,
    sent: readonly LookedUp[],
    error: SubgraphError,
    { firstError }: ResponseErrors,
  ): void {
    if (this.everyPlace) {
      const service = request.planned.subgraph.name;
      const reported = new Set(this.errors.slice(firstError).map(({ path }) => JSON.stringify(path)));
      for (const path of this.missingPaths(request, sent))
        if (!reported.has(JSON.stringify(path))) this.errors.push(formatSubgraphError(error, service, path));
    }
    this.noteReported(request, sent);
  }

  private missingPaths(
    request: CompiledRequest,
    sent: readonly LookedUp[],
    isExplained: (rootKey: string) => boolean = () => false,
  ): Iterable<ResponsePath> {
    const paths = new Map<string, ResponsePath>();
    const add = (subgraphPath: SubgraphPath) => {
      for (const path of this.clientPaths(subgraphPath).paths)
        paths.set(JSON.stringify(this.everyPlace ? path : path.filter((step) => typeof step === 'string')), path);
    };
    if (request.planned.root) {
      for (const base of this.placesOf(this.targets.pathsAt(request.planned.root.position)))
        for (const { key } of request.rootKeys) if (!isExplained(key)) add([...base, key]);
    }
    for (const { lookup, objects } of sent) {
      const among = new Set(objects);
      for (const { position } of lookup.targets)
        for (const base of this.pathsAmong(position, among))
          for (const key of fieldKeys(lookup)) add([...base, ...key]);
    }
    return paths.values();
  }

  private noteReported(request: CompiledRequest, sent: readonly LookedUp[]): void {
    const service = request.planned.subgraph.name;
    const note = (objects: readonly ResponseObject[], keys: readonly WrittenKey[]) => {
      const gap = { service, keys: keyNames(keys), reason: 'reported' } as const;
      for (const object of objects) this.gaps.add(object, gap);
    };
    if (request.planned.root) note(this.targets.at(request.planned.root.position), request.rootKeys);
    for (const { lookup, objects } of sent) note(objects, lookup.keys);
  }

  /** Fields were left out because what they require could not be fetched: told once for each field, with its first object. */
  missingInputs(
    request: CompiledRequest,
    lookup: CompiledLookup,
    objects: readonly ResponseObject[],
    keys: readonly WrittenKey[] = lookup.keys.filter(({ needsInputs }) => needsInputs),
  ): void {
    this.missing(request, lookup, objects, keys, formatMissingInput);
  }

  /** Objects were not looked up because their keys could not be fetched: told as missing inputs are. */
  missingKeys(request: CompiledRequest, lookup: CompiledLookup, objects: readonly ResponseObject[]): void {
    this.missing(request, lookup, objects, lookup.keys, formatMissingKey);
  }

  private missing(
    request: CompiledRequest,
    lookup: CompiledLookup,
    objects: readonly ResponseObject[],
    keys: readonly WrittenKey[],
    format: typeof formatMissingInput,
  ): void {
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
    const gap = { service, keys: keyNames(keys), reason: 'reported' } as const;
    for (const object of objects) this.gaps.add(object, gap);
  }

  tooLate({ path, timeoutMs }: TimedSection): void {
    const message = `The section was not ready within ${timeoutMs} milliseconds.`;
    this.errors.push({ message, path, extensions: { code: 'SECTION_TIMEOUT' } });
  }

  /** The paths of those objects at a position that something failed for, as many as it is reported at. */
  private pathsAmong(position: Position, objects: ReadonlySet<ResponseObject>): readonly SubgraphPath[] {
    const all = this.targets.at(position);
    if (!all.some((object) => objects.has(object))) return [];
    const paths = this.targets.pathsAt(position);
    return this.placesOf(paths.filter((_, i) => objects.has(all[i] as ResponseObject)));
  }

  private placesOf(paths: readonly SubgraphPath[]): readonly SubgraphPath[] {
    return this.everyPlace && this.errors.length < MANY_ERRORS ? paths : paths.slice(0, 1);
  }

  /**
   * Reports the errors of a subgraph, each at the places in the response that its path means; an error whose path means none
   * at what its fetch should have brought.
   */
  subgraphErrors(
    request: CompiledRequest,
    sent: readonly LookedUp[],
    errors: readonly SubgraphError[],
    data: unknown,
  ): ResponseErrors {
    const service = request.planned.subgraph.name;
    const answer = new ResponseErrors(request, sent, this.targets, data, this.errors.length);
    let own: readonly FoundPlace[] | undefined;
    for (const error of errors) {
      const place = answer.placeOf(error.path);
      if (place === undefined) own ??= this.ownPlaces(answer, error.path !== undefined);
      const found = place ? this.findPlace(answer, place) : (own as readonly FoundPlace[]);
      if (place === undefined || place.explainsAll) answer.explainsAll ??= error;
      const most = this.mostPlaces();
      for (const { paths } of found.slice(0, most))
        for (const path of paths) this.errors.push(formatSubgraphError(error, service, path));
      if (found.length === 0) this.errors.push(formatSubgraphError(error, service, undefined));
      for (const one of found) answer.add(one.place, one.depth);
    }
    answer.note(this.gaps);
    return answer;
  }

  /** Entities that are none: reported at what they should have brought for the objects that they were looked up for. */
  badEntities(request: CompiledRequest, lookedUp: LookedUp, problems: ReadonlyMap<number, string>): void {
    const service = request.planned.subgraph.name;
    const places = new ResponsePlaces([lookedUp], this.targets);
    for (const [slot, reason] of problems) {
      const failure = malformed(request.planned, reason);
      for (const base of places.of(lookedUp.part.alias, slot).slice(0, this.mostPlaces()))
        for (const path of this.fieldPaths(base, lookedUp.lookup))
          this.errors.push(formatFailure(failure, service, path));
    }
  }

  /** The fields of an object that a look-up brings; the object itself where the client asked for none of them. */
  private fieldPaths(base: SubgraphPath, lookup: CompiledLookup): readonly ResponsePath[] {
    const visible = fieldKeys(lookup).flatMap((key) => {
      const { paths, depth } = this.clientPaths([...base, ...key]);
      return depth === base.length + 1 ? paths : [];
    });
    return visible.length > 0 ? visible : this.clientPaths(base).paths;
  }

  private mostPlaces(): number {
    return this.errors.length < MANY_ERRORS ? TOLD_PER_ERROR : 1;
  }

  private findPlace(answer: ResponseErrors, place: ResponsePlace): readonly FoundPlace[] {
    // what a whole list is missing is told as a failed request is
    const most = place.entity && place.explainsAll && !this.everyPlace ? 1 : this.mostPlaces();
    const lookedUp = place.entity && place.rest.length === 0 && this.everyPlace && answer.lookedUp(place.entity.alias);
    const paths: ResponsePath[] = [];
    let depth = 0;
    for (const base of answer.bases(place)) {
      if (lookedUp) {
        paths.push(...this.fieldPaths(base, lookedUp.lookup));
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
   * What a fetch should have brought: the fields that are missing or null, each at its first place; where none is, all of
   * them. An error without any path belongs to no field of a response that is whole.
   */
  private ownPlaces(answer: ResponseErrors, hasPath: boolean): readonly FoundPlace[] {
    const missing = this.findOwn(answer, answer.missingPlaces());
    if (missing.length > 0 || (!hasPath && answer.isOfRoot)) return missing;
    return this.findOwn(answer, answer.firstPlaces());
  }

  private findOwn(answer: ResponseErrors, places: readonly ResponsePlace[]): readonly FoundPlace[] {
    const found = places.flatMap((place) => {
      const [base] = answer.bases(place);
      const client = base && this.clientPaths([...base, ...place.rest]);
      return client ? [{ place, paths: client.paths, depth: client.depth - base.length }] : [];
    });
    // keys of other fetches are no fields that the client asked for: what they are for is then the object itself
    const visible = found.filter(({ depth, place }) => depth === place.rest.length);
    return visible.length > 0 ? visible : found.slice(0, 1);
  }

  private clientPaths(path: SubgraphPath): ClientPaths {
    return toClientPaths(
      path,
      this.root,
      this.compiled.plan.root.type,
      (parts, typeName) => this.shapeOf(parts, typeName),
      (subgraphPath) => this.typeAt(subgraphPath),
    );
  }

  /** Worked out once, for a thousand errors are mostly of the same few fields. */
  private shapeOf(parts: readonly Part[], typeName: string): Shape {
    let byType = this.shapes.get(parts);
    if (byType === undefined) {
      byType = new Map();
      this.shapes.set(parts, byType);
    }
    let shape = byType.get(typeName);
    if (shape === undefined) {
      shape = this.compiled.projection.shape(parts, typeName);
      byType.set(typeName, shape);
    }
    return shape;
  }

  private typeAt(path: SubgraphPath): string | undefined {
    let value: unknown = this.targets.at(this.root[0].position)[0];
    for (const step of path) {
      if (Array.isArray(value)) value = typeof step === 'number' ? value[step] : undefined;
      else value = isObject(value) ? value[step] : undefined;
    }
    return isObject(value) && typeof value.__typename === 'string' ? value.__typename : undefined;
  }
}

/** The keys that an error of a whole look-up is reported at; the object itself where only its type was asked for. */
function fieldKeys({ keys }: CompiledLookup): SubgraphPath[] {
  const paths = keys.flatMap(({ key }) => (key === '__typename' ? [] : [[key]]));
  return paths.length > 0 ? paths : [[]];
}

export function keyNames(keys: readonly WrittenKey[]): ReadonlySet<string> {
  return new Set(keys.map(({ key }) => key));
}
