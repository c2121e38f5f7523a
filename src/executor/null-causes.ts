import type { RepresentationSelection } from '../planner/positions.ts';
import type { NullCause, TracePath } from '../shared/null-cause.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { PathTranslator } from './client-paths.ts';
import type { CompiledLookup, CompiledPlan } from './compile.ts';
import { compileContextReader } from './context-reader.ts';
import { keyPathOf, missingInputs, providersOf } from './missing-inputs.ts';
import { MissingKeyReasons } from './missing-key-reasons.ts';
import type { NullOrigin } from './null-origin.ts';
import { type MissingFields, NullReasons } from './null-reasons.ts';
import { isObject, isOfType, type ResponseObject } from './objects.ts';
import type { ResponseObjects, SubgraphPath } from './response-objects.ts';

/** An execution whose data is complete. */
export interface ExecutedPlan {
  readonly compiled: CompiledPlan;
  readonly data: ResponseObject;
  readonly targets: ResponseObjects;
  readonly nullReasonsIfAny: NullReasons | undefined;
  readonly input: { readonly supergraph: Supergraph };
}

/** Returns the number of a fetch among the recorded ones; `part` is one of its look-ups. */
export type NumberOfFetch = (part: object) => number | undefined;

/** A key needs a key, which needs a key: no chain is longer. */
const MAX_DEPTH = 16;
/** The most characters of a subgraph's message. */
const MAX_MESSAGE = 500;

/**
 * Finds the causes of nulls: the chain from a value that is missing, over keys and required fields that are missing in turn, to the
 * fetch that failed.
 */
export class NullCauses {
  private readonly execution: ExecutedPlan;
  private readonly reasons: NullReasons;
  private readonly numberOf: NumberOfFetch;
  private readonly translator: PathTranslator;

  constructor(execution: ExecutedPlan, numberOf: NumberOfFetch) {
    this.execution = execution;
    this.reasons = execution.nullReasonsIfAny ?? new NullReasons();
    this.numberOf = numberOf;
    this.translator = new PathTranslator(execution.compiled, execution.targets);
  }

  /** Returns whether something is known about a value that is missing or null: otherwise its subgraph returned it so. */
  isKnown(path: SubgraphPath, service: string | undefined): boolean {
    return this.reasons.errorAt(this.execution.data, path) !== undefined || this.missingAt(path, service) !== undefined;
  }

  /**
   * Returns the causes of a value that is missing or null; none where its subgraph returned it so.
   * @param path of aliased keys
   * @param service the subgraph that it is read from; `undefined` means any
   */
  of(path: SubgraphPath, service: string | undefined, depth = 0): readonly NullCause[] {
    if (depth > MAX_DEPTH) return [];
    const error = this.reasons.errorAt(this.execution.data, path);
    const missing = this.missingAt(path, service);
    // an error explains more than the null in place of an entity
    if (missing && !(missing.reason === 'null' && error))
      return this.causesOf(missing.origin, this.holderOf(missing, path), depth);
    if (error === undefined) return [];
    const { origin, isBelow } = error;
    const causes = this.causesOf(origin, path, depth);
    if (!isBelow) return causes;
    const subgraph = 'request' in origin ? origin.request.planned.subgraph.name : origin.service;
    return [{ kind: 'nonNullInSubgraph', subgraph, to: this.clientPath(path) }, ...causes];
  }

  /** Returns the causes of a value that something else needs, down to the subgraph that returned null for it. */
  private ofNeeded(path: SubgraphPath, field: string, depth: number): readonly NullCause[] {
    const causes = this.of(path, undefined, depth + 1);
    if (causes.length > 0) return causes;
    const [subgraph] = providersOf(this.execution.compiled.plan, path);
    const value = this.valueAt(path);
    if (value === null) return [{ kind: 'subgraphNull', subgraph, field }];
    if (value === undefined) return [{ kind: 'notReturned', subgraph, field }];
    return [
      { kind: 'invalidValue', subgraph, field, message: `The value of "${field}" is of another kind than its type.` },
    ];
  }

  private missingAt(path: SubgraphPath, service: string | undefined): MissingFields | undefined {
    if (this.valueAt(path) !== undefined) return undefined;
    const key = path.at(-1);
    const holder = this.valueAt(path.slice(0, -1));
    const own =
      typeof key === 'string' && isObject(holder) ? this.reasons.missingFields(holder, key, service) : undefined;
    return own ?? this.reasons.coverageAt(this.execution.data, path).missingFields(service);
  }

  /** Returns the path of the object that lacks fields: the one at a path, or one above it. */
  private holderOf(missing: MissingFields, path: SubgraphPath): SubgraphPath {
    for (let length = path.length; length > 0; length--) {
      const value = this.valueAt(path.slice(0, length));
      if (isObject(value) && this.reasons.lacks(value, missing)) return path.slice(0, length);
    }
    return [];
  }

  /** @param path of the object that something happened to */
  private causesOf(origin: NullOrigin, path: SubgraphPath, depth: number): readonly NullCause[] {
    if (origin.kind === 'conflict') return [{ kind: 'conflict', subgraph: origin.service, message: origin.message }];
    const subgraph = origin.request.planned.subgraph.name;
    if (origin.kind === 'key') return this.causesOfKey(origin, subgraph, path, depth);
    if (origin.kind === 'inputs') return this.causesOfInputs(origin, subgraph, path, depth);
    const fetch = this.numberOf(origin.part ?? origin.request);
    if (origin.kind === 'entity') return [{ kind: 'entityNull', subgraph, fetch, type: this.typeOf(path) }];
    if (origin.kind === 'failure') {
      const { code, message, reason, status } = origin.failure;
      return [{ kind: 'fetchFailed', subgraph, fetch, code, message: shortened(message), reason, status }];
    }
    const { message, path: at, extensions } = origin.error;
    const code = typeof extensions?.code === 'string' ? extensions.code : undefined;
    const cause = { kind: 'subgraphError', subgraph, fetch, code, message: shortened(message), path: at } as const;
    return [cause, ...this.causesOfError(origin, subgraph, path, depth)];
  }

  /** Returns why a subgraph could not compute a field: one that it requires is null, because of an error elsewhere. */
  private causesOfError(
    { request, error }: Extract<NullOrigin, { kind: 'error' }>,
    subgraph: string,
    path: SubgraphPath,
    depth: number,
  ): readonly NullCause[] {
    // `_entities`, the index, and the field
    const key = error.path?.[2];
    const lookup = request.lookups.find(({ keys }) => keys.some((one) => one.key === key && one.needsInputs));
    const end = path.lastIndexOf(key as string);
    const holder = end < 0 ? path : path.slice(0, end);
    const object = lookup && this.valueAt(holder);
    if (!isObject(object)) return [];
    for (const input of missingInputs(lookup?.planned.representation.fields ?? [], object)) {
      const at = [...holder, ...input.path];
      const causes = this.of(at, undefined, depth + 1);
      const missing = { kind: 'missingRequired', subgraph, field: input.name, path: this.clientPath(at) } as const;
      if (causes.length > 0) return [missing, ...causes];
    }
    return [];
  }

  private causesOfKey(
    { request, lookup }: Extract<NullOrigin, { kind: 'key' }>,
    subgraph: string,
    path: SubgraphPath,
    depth: number,
  ): readonly NullCause[] {
    const { targets, data: root, input } = this.execution;
    const { types } = input.supergraph;
    const reasons = new MissingKeyReasons(request.planned.subgraph.name, lookup, {
      ...{ nullReasons: this.reasons, targets, types, root },
    });
    const object = this.valueAt(path);
    const part = isObject(object) ? reasons.missingPart(object) : undefined;
    const field = part?.name ?? reasons.structuredKeys();
    const at = [...path, ...(part?.path ?? [])];
    const missing: NullCause = { kind: 'missingKey', subgraph, field, path: this.clientPath(at) };
    if (part) return [missing, ...this.ofNeeded(at, field, depth)];
    const message = `The value of "${field}" is of another kind than its type.`;
    return [missing, { kind: 'invalidValue', subgraph: undefined, field, message }];
  }

  private causesOfInputs(
    { lookup }: Extract<NullOrigin, { kind: 'inputs' }>,
    subgraph: string,
    path: SubgraphPath,
    depth: number,
  ): readonly NullCause[] {
    const object = this.valueAt(path);
    const inputs = isObject(object) ? [...missingInputs(lookup.planned.representation.fields, object)] : [];
    // null counts as fetched
    const input = inputs.find(({ value }) => value === undefined);
    const context = input === undefined ? this.missingContext(lookup, path) : undefined;
    const at = input ? [...path, ...input.path] : context?.path;
    if (at === undefined) return [];
    const field = input?.name ?? context?.name ?? '';
    const kind = input ? 'missingRequired' : 'missingContext';
    return [{ kind, subgraph, field, path: this.clientPath(at) }, ...this.ofNeeded(at, field, depth)];
  }

  /** Returns the value from a context that could not be read for an object, or that is null where it must not be. */
  private missingContext(
    lookup: CompiledLookup,
    path: SubgraphPath,
  ): { readonly name: string; readonly path: SubgraphPath } | undefined {
    for (const { contexts } of lookup.targets)
      for (const { sources, type } of contexts)
        for (const source of sources) {
          const above = pathAbove(path, keyPathOf(source.position).length);
          const holder = this.valueAt(above);
          if (!isObject(holder) || (source.possible && !isOfType(holder, source.possible))) continue;
          const value = compileContextReader(source)(holder);
          const isMissing = value === undefined || (value === null && type.endsWith('!'));
          if (isMissing) return contextField(source.fields, holder, above);
          break;
        }
    return undefined;
  }

  private typeOf(path: SubgraphPath): string {
    const value = this.valueAt(path);
    if (isObject(value) && typeof value.__typename === 'string') return value.__typename;
    const keys = path.filter((step) => typeof step === 'string');
    const found = this.execution.compiled.requests
      .flatMap(({ planned }) => planned.lookups.flatMap(({ targets }) => targets))
      .find(({ position }) => keyPathOf(position).join('.') === keys.join('.'));
    return found?.position.type ?? 'entity';
  }

  private clientPath(path: SubgraphPath): TracePath {
    const { paths, depth } = this.translator.clientPaths(path);
    // the client has not selected the rest
    return [...(paths[0] ?? []), ...path.slice(depth)];
  }

  private valueAt(path: SubgraphPath): unknown {
    let value: unknown = this.execution.data;
    for (const step of path) {
      if (typeof step === 'number') value = Array.isArray(value) ? value[step] : undefined;
      else value = isObject(value) ? value[step] : undefined;
    }
    return value;
  }
}

function shortened(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}…`;
}

/** Returns the part of a path that leads to the object at a number of keys from the root. */
function pathAbove(path: SubgraphPath, keys: number): SubgraphPath {
  let left = keys;
  const end = path.findIndex((step) => typeof step === 'string' && left-- === 0);
  return end < 0 ? path : path.slice(0, end);
}

/** Returns the first field of a context that an object lacks. */
function contextField(
  fields: RepresentationSelection,
  holder: ResponseObject,
  path: SubgraphPath,
): { readonly name: string; readonly path: SubgraphPath } | undefined {
  for (const item of fields) {
    if (item.kind === 'typeCondition') {
      const found = isOfType(holder, item.possible) ? contextField(item.nested, holder, path) : undefined;
      if (found) return found;
      continue;
    }
    if (item.name === '__typename') continue;
    const at = [...path, item.subgraphKey];
    const value = holder[item.subgraphKey];
    const below = item.nested && isObject(value) ? contextField(item.nested, value, at) : undefined;
    if (below) return below;
    if (value === undefined || value === null) return { name: item.name, path: at };
  }
  return undefined;
}
