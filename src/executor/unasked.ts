import { Kind, type TypeNode } from 'graphql';
import type { Representation, RepresentationItem, RepresentationSelection } from '../planner/positions.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { CompiledLookup } from './compile.ts';
import { keyFault } from './errors.ts';
import type { GapReason, Gaps } from './gaps.ts';
import { isObject, isOf, type ResponseObject } from './objects.ts';
import type { ResponseObjects, SubgraphPath } from './response-objects.ts';

/** The first part of a key that an object lacks. */
interface Lack {
  readonly object: ResponseObject;
  readonly subgraphKey: string;
  readonly name: string;
  /** From the object that should have been looked up. */
  readonly path: SubgraphPath;
  readonly type: TypeNode | undefined;
  /** A subgraph failed that should have brought some of what is around it. */
  readonly isReported: boolean;
}

/** Finds out why objects were not looked up: what they lack of their keys, and whose doing that is. */
export class Unasked {
  private readonly service: string;
  private readonly lookup: CompiledLookup;
  private readonly gaps: Gaps;
  private readonly targets: ResponseObjects;
  private readonly types: Supergraph['types'];
  private readonly root: ResponseObject;
  private paths: Map<ResponseObject, SubgraphPath> | undefined;

  /** @param service the subgraph that was to be asked */
  constructor(
    service: string,
    lookup: CompiledLookup,
    response: { gaps: Gaps; targets: ResponseObjects; types: Supergraph['types']; root: ResponseObject },
  ) {
    this.service = service;
    this.lookup = lookup;
    this.gaps = response.gaps;
    this.targets = response.targets;
    this.types = response.types;
    this.root = response.root;
  }

  reason(object: ResponseObject): GapReason {
    const { representation } = this.lookup.planned;
    const lack = this.lackOf(representation, object);
    // what has all its parts has one of another kind
    if (lack === undefined) return keyFault(this.service, this.structuredKeys(), 'wrong');
    if (lack.isReported) return 'reported';
    if (lack.object[lack.subgraphKey] === undefined) {
      const known = this.gaps.reason(lack.object, lack.subgraphKey, undefined);
      if (known === 'reported' || known === 'null') return known;
      return keyFault(this.service, lack.name, known === undefined ? 'missing' : 'failed');
    }
    if (this.isExplained(object, lack.path)) return keyFault(this.service, lack.name, 'failed');
    return lack.type?.kind === Kind.NON_NULL_TYPE ? keyFault(this.service, lack.name, 'null') : 'null';
  }

  /** The names of the key's objects and lists. */
  private structuredKeys(): string {
    const { fields } = this.lookup.planned.representation;
    const named = (item: RepresentationItem) =>
      item.kind === 'field' && item.isKey && (item.nested || item.lists) ? [item.name] : [];
    return fields.flatMap(named).join('", "');
  }

  private isExplained(object: ResponseObject, path: SubgraphPath): boolean {
    this.paths ??= this.allPaths();
    return this.gaps.isExplained(this.root, [...(this.paths.get(object) ?? []), ...path]);
  }

  private allPaths(): Map<ResponseObject, SubgraphPath> {
    const paths = new Map<ResponseObject, SubgraphPath>();
    for (const { position } of this.lookup.targets) {
      const at = this.targets.pathsAt(position);
      for (const [i, object] of this.targets.at(position).entries()) paths.set(object, at[i] as SubgraphPath);
    }
    return paths;
  }

  private lackOf({ typename, fields }: Representation, object: ResponseObject): Lack | undefined {
    const own = typename ?? object.__typename;
    if (typeof own === 'string') return this.lackIn(fields, object, own, [], false);
    const name = '__typename';
    return { object, subgraphKey: name, name, path: [name], type: undefined, isReported: false };
  }

  private lackIn(
    items: RepresentationSelection,
    object: ResponseObject,
    typeName: string | undefined,
    path: SubgraphPath,
    isReported: boolean,
  ): Lack | undefined {
    for (const item of items) {
      let lack: Lack | undefined;
      if (item.kind === 'typeCondition') {
        if (isOf(object, item.possible)) lack = this.lackIn(item.nested, object, typeName, path, isReported);
      } else if (item.isKey) {
        const { subgraphKey, name, nested } = item;
        const value = object[subgraphKey];
        const type = this.types.get(typeName ?? '')?.fields.get(name)?.type;
        const at = [...path, subgraphKey];
        if (value === undefined || value === null) return { object, subgraphKey, name, path: at, type, isReported };
        const failed = isReported || this.gaps.reason(object, subgraphKey, undefined) === 'reported';
        if (nested) lack = this.lackBelow(nested, value, type, at, failed);
      }
      if (lack) return lack;
    }
    return undefined;
  }

  private lackBelow(
    items: RepresentationSelection,
    value: unknown,
    type: TypeNode | undefined,
    path: SubgraphPath,
    isReported: boolean,
  ): Lack | undefined {
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) {
        const lack = this.lackBelow(items, item, type, [...path, i], isReported);
        if (lack) return lack;
      }
      return undefined;
    }
    if (!isObject(value)) return undefined;
    const own = typeof value.__typename === 'string' ? value.__typename : type && namedType(type);
    return this.lackIn(items, value, own, path, isReported);
  }
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
