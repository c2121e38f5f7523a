import type { SelectionSetNode } from 'graphql';
import { Kind } from 'graphql';
import { normaliseFieldSet } from '../operation/normalise.ts';
import type { OpSelection } from '../operation/operation.ts';
import type { Subgraph, SubgraphField, SubgraphKey, SubgraphType, SupergraphModel } from '../supergraph/supergraph.ts';

import { getOrMake } from './maps.ts';

/** A subgraph that can resolve a field, and its type there. */
export interface Provider {
  readonly subgraph: Subgraph;
  /** The type in that subgraph: the object type itself, or an interface that is an `@interfaceObject` there. */
  readonly type: SubgraphType;
  readonly field: SubgraphField;
}

/** A key by which a subgraph looks up entities of a type. */
export interface Entry {
  readonly subgraph: Subgraph;
  readonly type: SubgraphType;
  readonly key: SubgraphKey;
}

const NONE: readonly never[] = [];

/**
 * An index of what each subgraph can resolve, by type and field: the graph of possible moves. It depends on the
 * supergraph only, so it is filled once, on demand, and shared by all plans.
 *
 * In:  `Product`, `price` on a supergraph where `products` and `catalog` share the field
 * Out: `[products as Product, catalog as Product]`
 */
export class FieldIndex {
  readonly supergraph: SupergraphModel;
  private readonly labels: ReadonlySet<string>;
  private readonly providersOf = new Map<string, readonly Provider[]>();
  private readonly entriesOf = new Map<string, readonly Entry[]>();
  private readonly fieldSets = new Map<SelectionSetNode, Map<string, OpSelection>>();
  private readonly directly = new Map<string, boolean>();

  /** @param labels the active labels of progressive `@override` */
  constructor(supergraph: SupergraphModel, labels: ReadonlySet<string> = new Set()) {
    this.supergraph = supergraph;
    this.labels = labels;
  }

  /**
   * Returns the subgraphs that resolve a field of an object type or of an interface, including fields with
   * `@requires`.
   */
  providers(typeName: string, fieldName: string): readonly Provider[] {
    const key = `${typeName}.${fieldName}`;
    return getOrMake(this.providersOf, key, () => this.findProviders(typeName, fieldName));
  }

  private findProviders(typeName: string, fieldName: string): Provider[] {
    const found: Provider[] = [];
    for (const { subgraph, type } of this.viewsOf(typeName)) {
      const field = type.fields.get(fieldName);
      if (field && !field.external && this.isOn(field)) found.push({ subgraph, type, field });
    }
    return found;
  }

  /**
   * Returns the keys by which subgraphs look up entities of this type, as the type itself or as one of its
   * interfaces.
   */
  entries(typeName: string): readonly Entry[] {
    return getOrMake(this.entriesOf, typeName, () =>
      this.viewsOf(typeName).flatMap(({ subgraph, type }) =>
        type.keys.filter((key) => key.resolvable).map((key) => ({ subgraph, type, key })),
      ),
    );
  }

  private viewsOf(typeName: string): { subgraph: Subgraph; type: SubgraphType }[] {
    const interfaces = this.supergraph.types.get(typeName)?.interfaces ?? NONE;
    const views: { subgraph: Subgraph; type: SubgraphType }[] = [];
    for (const subgraph of this.supergraph.subgraphs) {
      const own = subgraph.types.get(typeName);
      if (own) views.push({ subgraph, type: own });
      for (const name of interfaces) {
        const type = subgraph.types.get(name);
        if (type?.kind === 'interfaceObject') views.push({ subgraph, type });
      }
    }
    return views;
  }

  /** Returns whether a field is active under the labels of `@override`. */
  isOn(field: SubgraphField): boolean {
    return (
      field.overrideLabel === undefined ||
      this.labels.has(field.overrideLabel.label) === field.overrideLabel.resolvedWhen
    );
  }

  /**
   * Returns whether `{ field }` on the abstract type is resolved for every object that `around` may contain in that
   * subgraph. It is not where one of the types lacks the field there, resolves it elsewhere, or does not implement
   * the interface there.
   */
  coversAbstract(subgraph: Subgraph, around: SubgraphType, abstract: SubgraphType, fieldName: string): boolean {
    const key = `${subgraph.id} ${around.name} ${abstract.name} ${fieldName}`;
    return getOrMake(this.directly, key, () => this.checkAbstract(subgraph, around, abstract, fieldName));
  }

  private checkAbstract(subgraph: Subgraph, around: SubgraphType, abstract: SubgraphType, fieldName: string): boolean {
    const own = abstract.fields.get(fieldName);
    if (!own || own.external || needsOwnLookup(own) || !this.isOn(own)) return false;
    const everywhere = this.supergraph.types.get(abstract.name)?.possible;
    for (const name of around.possible) {
      if (!everywhere?.has(name)) continue;
      const field = subgraph.types.get(name)?.fields.get(fieldName);
      if (!abstract.possible.has(name) || !field || field.external) return false;
      if (needsOwnLookup(field) || !this.isOn(field)) return false;
    }
    return true;
  }

  /** Returns a key or another field set on a type as a normalized selection; the same object each time. */
  fieldSet(set: SelectionSetNode, typeName: string): OpSelection {
    const byType = getOrMake(this.fieldSets, set, () => new Map<string, OpSelection>());
    return getOrMake(byType, typeName, () => normaliseFieldSet(set, typeName, this.supergraph));
  }

  possible(typeName: string): ReadonlySet<string> {
    return this.supergraph.types.get(typeName)?.possible ?? new Set();
  }

  isAbstract(typeName: string): boolean {
    const kind = this.supergraph.types.get(typeName)?.kind;
    return kind === 'interface' || kind === 'union';
  }

  isComposite(typeName: string): boolean {
    const kind = this.supergraph.types.get(typeName)?.kind;
    return kind === 'object' || kind === 'interface' || kind === 'union';
  }
}

/** Returns whether a field can only be requested in a look-up that sends its required fields or context values. */
export function needsOwnLookup(field: SubgraphField): boolean {
  return field.requires !== undefined || field.contextArguments.length > 0;
}

/** Returns the part of `provided` field sets below one field of one type. */
export function providedBelow(provided: readonly SelectionSetNode[], fieldName: string): SelectionSetNode[] {
  const below: SelectionSetNode[] = [];
  for (const set of provided) {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD && selection.name.value === fieldName && selection.selectionSet) {
        below.push(selection.selectionSet);
      }
    }
  }
  return below;
}

/**
 * Returns the field sets that apply on a type condition: those of the type around it and those in fragments on the
 * type.
 */
export function providedOn(provided: readonly SelectionSetNode[], typeName: string): SelectionSetNode[] {
  const sets = [...provided];
  for (const set of provided) {
    for (const selection of set.selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT && (selection.typeCondition?.name.value ?? typeName) === typeName) {
        sets.push(...providedOn([selection.selectionSet], typeName));
      }
    }
  }
  return sets;
}

/** Returns whether a field is in one of the field sets. */
export function isProvided(provided: readonly SelectionSetNode[], fieldName: string): boolean {
  return provided.some((set) =>
    set.selections.some((selection) => selection.kind === Kind.FIELD && selection.name.value === fieldName),
  );
}
