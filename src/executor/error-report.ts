import type { GraphQLFormattedError } from 'graphql';
import type { TimedSection } from '../operation/timed-sections.ts';
import type { Position } from '../planner/positions.ts';
import type { SourceFailure } from '../sources/source.ts';
import { AnswerPlaces, type LookedUp } from './answer-places.ts';
import type { CompiledLookup, CompiledPlan, CompiledRequest } from './compile.ts';
import {
  formatFailure,
  formatMissingInput,
  formatSubgraphError,
  type ResponsePath,
  readSubgraphErrors,
  type SubgraphError,
  toClientPaths,
  unexplained,
} from './errors.ts';
import { isObject, type ResponseObject } from './objects.ts';
import type { Part, Shape, Violation } from './projection.ts';
import type { Targets, WirePath } from './targets.ts';

/** The same error for many objects is told for this many of them. */
const TOLD_PER_ERROR = 100;
/** Once there are this many errors, each further one is told for its first object only. */
const MANY_ERRORS = 10_000;

/** Gathers what went wrong during one execution, and puts it into the client's terms. Nothing here runs while all is well. */
export class ErrorReport {
  private readonly compiled: CompiledPlan;
  private readonly targets: Targets;
  private readonly root: readonly [Part];
  private readonly shapes = new Map<readonly Part[], Map<string, Shape>>();
  private readonly errors: GraphQLFormattedError[];
  private readonly toldMissing = new Set<string>();

  /** @param told errors that are known before anything is fetched */
  constructor(compiled: CompiledPlan, targets: Targets, told: readonly GraphQLFormattedError[] = []) {
    this.errors = [...told];
    this.compiled = compiled;
    this.targets = targets;
    this.root = [{ position: compiled.plan.root, selection: compiled.plan.selection }];
  }

  all(violations: readonly Violation[]): readonly GraphQLFormattedError[] {
    return violations.length === 0 ? this.errors : [...this.errors, ...unexplained(violations, this.errors)];
  }

  /** A whole request failed: told once for each field that it should have brought, at the first place where it is missing. */
  failure(request: CompiledRequest, sent: readonly LookedUp[], failure: SourceFailure): void {
    const service = request.planned.subgraph.name;
    const paths = new Map<string, ResponsePath>();
    const add = (wirePath: WirePath) => {
      for (const path of this.clientPaths(wirePath))
        paths.set(path.filter((step) => typeof step === 'string').join('.'), path);
    };
    if (request.planned.root) {
      const { position } = request.planned.root;
      const [first] = this.targets.pathsAt(position);
      for (const { key } of request.rootKeys) if (first) add([...first, key]);
    }
    for (const { lookup, objects } of sent) {
      const among = new Set(objects);
      for (const { position } of lookup.targets) {
        const first = this.firstPath(position, among);
        if (first) for (const { key } of lookup.keys) if (key !== '__typename') add([...first, key]);
      }
    }
    for (const path of paths.values()) this.errors.push(formatFailure(failure, service, path));
  }

  /** Fields were left out because what they require could not be fetched: told once for each field, with its first object. */
  missingInputs(request: CompiledRequest, lookup: CompiledLookup, objects: readonly ResponseObject[]): void {
    const service = request.planned.subgraph.name;
    const among = new Set(objects);
    for (const { position } of lookup.targets) {
      const untold = lookup.keys.filter(
        ({ key, needsInputs }) => needsInputs && !this.toldMissing.has(`${position.id} ${key}`),
      );
      const first = untold.length > 0 && this.firstPath(position, among);
      if (!first) continue;
      for (const { key } of untold) {
        this.toldMissing.add(`${position.id} ${key}`);
        for (const path of this.clientPaths([...first, key])) this.errors.push(formatMissingInput(service, path));
      }
    }
  }

  tooLate({ path, timeoutMs }: TimedSection): void {
    const message = `The section was not ready within ${timeoutMs} milliseconds.`;
    this.errors.push({ message, path, extensions: { code: 'SECTION_TIMEOUT' } });
  }

  private firstPath(position: Position, objects: ReadonlySet<ResponseObject>): WirePath | undefined {
    const index = this.targets.at(position).findIndex((object) => objects.has(object));
    return index < 0 ? undefined : this.targets.pathsAt(position)[index];
  }

  subgraphErrors(request: CompiledRequest, sent: readonly LookedUp[], errors: unknown, data: unknown): void {
    const service = request.planned.subgraph.name;
    const places = new AnswerPlaces(sent, this.targets);
    let elsewhere: { path: ResponsePath | undefined } | undefined;
    for (const error of readSubgraphErrors(errors)) {
      const paths = this.pathsOf(request, places, error);
      for (const path of paths) this.errors.push(formatSubgraphError(error, service, path));
      if (paths.length > 0) continue;
      elsewhere ??= { path: this.placeOf(request, sent, data) };
      this.errors.push(formatSubgraphError(error, service, elsewhere.path));
    }
  }

  /** Where an error of a subgraph belongs in the response: for an entity, at the objects that it was looked up for. */
  private pathsOf(request: CompiledRequest, places: AnswerPlaces, { path }: SubgraphError): ResponsePath[] {
    if (!path || path.length === 0) return [];
    const most = this.errors.length < MANY_ERRORS ? TOLD_PER_ERROR : 1;
    let bases: readonly WirePath[];
    let rest: WirePath = path;
    if (request.planned.root) {
      bases = places.ofRoot(request.planned.root.position);
    } else {
      const [alias, slot, ...below] = path;
      if (typeof alias !== 'string' || typeof slot !== 'number') return [];
      bases = places.of(alias, slot);
      rest = below;
    }
    const found: ResponsePath[] = [];
    for (const base of bases) {
      found.push(...this.clientPaths([...base, ...rest]));
      if (found.length >= most) break;
    }
    return found.slice(0, most);
  }

  /** An error without a usable path is told at the objects that the request was about. */
  private placeOf(request: CompiledRequest, sent: readonly LookedUp[], data: unknown): ResponsePath | undefined {
    if (request.planned.root) {
      const [key] = request.rootKeys;
      return data === null || data === undefined ? key && this.clientPaths([key.key])[0] : undefined;
    }
    const position = sent[0]?.lookup.targets[0]?.position;
    const first = position && this.firstPath(position, new Set(sent[0]?.objects));
    return first && this.clientPaths(first)[0];
  }

  private clientPaths(path: WirePath): ResponsePath[] {
    return toClientPaths(
      path,
      this.root,
      this.compiled.plan.root.type,
      (parts, typeName) => this.shapeOf(parts, typeName),
      (wirePath) => this.typeAt(wirePath),
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

  private typeAt(path: WirePath): string | undefined {
    let value: unknown = this.targets.at(this.root[0].position)[0];
    for (const step of path) {
      if (Array.isArray(value)) value = typeof step === 'number' ? value[step] : undefined;
      else value = isObject(value) ? value[step] : undefined;
    }
    return isObject(value) && typeof value.__typename === 'string' ? value.__typename : undefined;
  }
}
