import { Kind, type TypeNode } from 'graphql';
import type { Representation, RepresentationItem, RepresentationSelection } from '../planner/positions.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { CompiledLookup, CompiledRequest } from './compile.ts';
import type { ErrorReport } from './error-report.ts';
import { keyFault } from './errors.ts';
import type { ErrorCoverage, NullReason, NullReasons } from './null-reasons.ts';
import { isObject, isOfType, type ResponseObject } from './objects.ts';
import type { ResponseObjects, SubgraphPath } from './response-objects.ts';
import { keyNames } from './written-keys.ts';

/** The first part of a key that an object lacks. */
interface MissingKeyPart {
  readonly object: ResponseObject;
  readonly subgraphKey: string;
  readonly name: string;
  /** From the object that should have been looked up. */
  readonly path: SubgraphPath;
  readonly type: TypeNode | undefined;
  /** Whether an error was reported for something around it. */
  readonly isReported: boolean;
}

/** Finds out why objects were not looked up: which parts of their keys are missing, and which subgraph caused it. */
export class MissingKeyReasons {
  private readonly service: string;
  private readonly lookup: CompiledLookup;
  private readonly nullReasons: NullReasons;
  private readonly targets: ResponseObjects;
  private readonly types: Supergraph['types'];
  private readonly root: ResponseObject;
  private paths: Map<ResponseObject, SubgraphPath> | undefined;

  /** @param service the subgraph of the look-up */
  constructor(
    service: string,
    lookup: CompiledLookup,
    response: { nullReasons: NullReasons; targets: ResponseObjects; types: Supergraph['types']; root: ResponseObject },
  ) {
    this.service = service;
    this.lookup = lookup;
    this.nullReasons = response.nullReasons;
    this.targets = response.targets;
    this.types = response.types;
    this.root = response.root;
  }

  /** Returns why an object was not looked up. */
  reason(object: ResponseObject): NullReason {
    const missing = this.missingPart(object);
    // every part is present, so one of them is of a wrong kind
    if (missing === undefined) return keyFault(this.service, this.structuredKeys(), 'wrong');
    if (missing.isReported) return 'reported';
    if (missing.object[missing.subgraphKey] === undefined) {
      const known =
        this.nullReasons.reason(missing.object, missing.subgraphKey, undefined) ??
        this.coverageAt(object, missing.path).reason(undefined);
      if (known === 'reported' || known === 'null') return known;
      return keyFault(this.service, missing.name, known === undefined ? 'missing' : 'failed');
    }
    if (this.coverageAt(object, missing.path).explainsNull) return keyFault(this.service, missing.name, 'failed');
    return missing.type?.kind === Kind.NON_NULL_TYPE ? keyFault(this.service, missing.name, 'null') : 'null';
  }

  /** Returns the names of the key fields that are objects and lists. */
  structuredKeys(): string {
    const { fields } = this.lookup.planned.representation;
    const named = (item: RepresentationItem) =>
      item.kind === 'field' && item.isKey && (item.nested || item.lists) ? [item.name] : [];
    return fields.flatMap(named).join('", "');
  }

  /** Returns what errors explain at a path from an object that should have been looked up. */
  private coverageAt(object: ResponseObject, path: SubgraphPath): ErrorCoverage {
    this.paths ??= this.allPaths();
    return this.nullReasons.coverageAt(this.root, [...(this.paths.get(object) ?? []), ...path]);
  }

  private allPaths(): Map<ResponseObject, SubgraphPath> {
    const paths = new Map<ResponseObject, SubgraphPath>();
    for (const { position } of this.lookup.targets) {
      const at = this.targets.pathsAt(position);
      for (const [i, object] of this.targets.at(position).entries()) paths.set(object, at[i] as SubgraphPath);
    }
    return paths;
  }

  /** Returns the first part of its key that an object lacks; `undefined` where one is of a wrong kind instead. */
  missingPart(object: ResponseObject): MissingKeyPart | undefined {
    const { typename, fields }: Representation = this.lookup.planned.representation;
    const own = typename ?? object.__typename;
    if (typeof own === 'string') return this.missingPartIn(fields, object, own, [], false);
    const name = '__typename';
    return { object, subgraphKey: name, name, path: [name], type: undefined, isReported: false };
  }

  private missingPartIn(
    items: RepresentationSelection,
    object: ResponseObject,
    typeName: string | undefined,
    path: SubgraphPath,
    isReported: boolean,
  ): MissingKeyPart | undefined {
    for (const item of items) {
      let missing: MissingKeyPart | undefined;
      if (item.kind === 'typeCondition') {
        if (isOfType(object, item.possible))
          missing = this.missingPartIn(item.nested, object, typeName, path, isReported);
      } else if (item.isKey) {
        const { subgraphKey, name, nested } = item;
        const value = object[subgraphKey];
        const type = this.types.get(typeName ?? '')?.fields.get(name)?.type;
        const at = [...path, subgraphKey];
        if (value === undefined || value === null) return { object, subgraphKey, name, path: at, type, isReported };
        const failed = isReported || this.nullReasons.reason(object, subgraphKey, undefined) === 'reported';
        if (nested) missing = this.missingPartBelow(nested, value, type, at, failed);
      }
      if (missing) return missing;
    }
    return undefined;
  }

  private missingPartBelow(
    items: RepresentationSelection,
    value: unknown,
    type: TypeNode | undefined,
    path: SubgraphPath,
    isReported: boolean,
  ): MissingKeyPart | undefined {
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) {
        const missing = this.missingPartBelow(items, item, type, [...path, i], isReported);
        if (missing) return missing;
      }
      return undefined;
    }
    if (!isObject(value)) return undefined;
    const own = typeof value.__typename === 'string' ? value.__typename : type && namedType(type);
    return this.missingPartIn(items, value, own, path, isReported);
  }
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}

/** The execution whose objects were not looked up. */
export interface SkippingExecution {
  readonly report: ErrorReport;
  readonly nullReasons: NullReasons;
  readonly targets: ResponseObjects;
  readonly data: ResponseObject;
  readonly input: { readonly supergraph: Supergraph };
}

/** Records why objects were not looked up, and reports those of which a key could not be fetched. */
export function noteSkipped(
  execution: SkippingExecution,
  request: CompiledRequest,
  lookup: CompiledLookup,
  objects: readonly ResponseObject[],
): void {
  const { nullReasons, targets, data: root, input } = execution;
  const service = request.planned.subgraph.name;
  const keys = keyNames(lookup.keys);
  const { types } = input.supergraph;
  const skipped = new MissingKeyReasons(service, lookup, { nullReasons, targets, root, types });
  const failed: ResponseObject[] = [];
  for (const object of objects) {
    const reason = skipped.reason(object);
    if (reason === 'reported') failed.push(object);
    else nullReasons.add(object, { service, keys, reason, origin: { kind: 'key', request, lookup } });
  }
  if (failed.length > 0) execution.report.addMissingKeys(request, lookup, failed);
}
