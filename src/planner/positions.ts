import type { ArgumentNode, SelectionSetNode, TypeNode } from 'graphql';
import type { OpField } from '../operation/operation.ts';
import type { ContextArgument, Subgraph, SubgraphType } from '../supergraph/supergraph.ts';
import { SmallMap } from './small-map.ts';

/**
 * A place of objects in the response: the root, or the value of a composite field. Each fetch that reads fields of
 * these objects has one {@link FetchNode} for it.
 */
export class Position {
  readonly id: number;
  /** The type of the objects in the supergraph; abstract where their runtime types differ. */
  readonly type: string;
  readonly origin: PositionOrigin | undefined;
  readonly nodes: FetchNode[] = [];
  private readonly children = new SmallMap<string, Position>();
  readonly aliasScope: AliasScope;
  /** Where each selected field is read from, by owner type: one field may be read differently on several types. */
  readonly placed = new Map<OpField, SmallMap<string, Placement>>();

  constructor(id: number, type: string, origin: PositionOrigin | undefined) {
    this.id = id;
    this.type = type;
    this.origin = origin;
    this.aliasScope = origin ? origin.parent.aliasScope.below(origin.alias.key) : new AliasScope();
  }

  /** Returns the position of a field's value when the field is selected on a type. */
  below(alias: Alias, owner: string): Position | undefined {
    return this.children.get(`${alias.key} ${owner}`);
  }

  addBelow(alias: Alias, owner: string, position: Position): void {
    this.children.set(`${alias.key} ${owner}`, position);
  }
}

/** How a position was reached, so that the same field can be selected in another subgraph. */
export interface PositionOrigin {
  readonly parent: Position;
  /** The type on which the field is selected: only objects of this type lead here. */
  readonly owner: string;
  readonly alias: Alias;
}

/**
 * The keys under which fields are fetched into the objects on one path. A key stands for one field with one set of
 * arguments, so that results of several subgraphs can be merged into one object.
 */
export class AliasScope {
  private readonly aliases = new Map<string, Alias>();
  private readonly byField = new Map<string, Alias[]>();
  /** The last number that was tried for keys of a name. */
  private lastNumber: Map<string, number> | undefined;
  private readonly nested = new SmallMap<string, AliasScope>();

  /** Returns the aliases of a field with its arguments, in the order in which they were added. */
  aliasesFor(field: Pick<Alias, 'name' | 'argsKey'>): readonly Alias[] {
    return this.byField.get(fieldKey(field)) ?? NO_ALIASES;
  }

  /** Returns the alias under a key, where it stands for this field with these arguments. */
  known(key: string, { name, argsKey }: Pick<Alias, 'name' | 'argsKey'>): Alias | undefined {
    const alias = this.aliases.get(key);
    return alias?.name === name && alias.argsKey === argsKey ? alias : undefined;
  }

  /** Adds an alias for a field: the preferred key where it is free. */
  add({ name, args, argsKey }: Omit<Alias, 'key'>, preferred: string): Alias {
    const alias = { key: this.freeKey(preferred, name), name, args, argsKey };
    this.aliases.set(alias.key, alias);
    const aliasesFor = fieldKey(alias);
    const alike = this.byField.get(aliasesFor);
    if (alike) alike.push(alias);
    else this.byField.set(aliasesFor, [alias]);
    return alias;
  }

  private freeKey(preferred: string, name: string): string {
    // names with two underscores are reserved; every object inherits the members of `Object.prototype`
    if (!this.aliases.has(preferred) && !preferred.startsWith('__') && !(preferred in Object.prototype))
      return preferred;
    this.lastNumber ??= new Map();
    let number = this.lastNumber.get(name) ?? 0;
    do number += 1;
    while (this.aliases.has(`${name}_${number}`));
    this.lastNumber.set(name, number);
    return `${name}_${number}`;
  }

  below(key: string): AliasScope {
    let aliasScope = this.nested.get(key);
    if (!aliasScope) {
      aliasScope = new AliasScope();
      this.nested.set(key, aliasScope);
    }
    return aliasScope;
  }
}

const NO_ALIASES: readonly Alias[] = [];

function fieldKey({ name, argsKey }: Pick<Alias, 'name' | 'argsKey'>): string {
  return argsKey === '' ? name : `${name}(${argsKey})`;
}

/** A key in fetched objects, and the field that it stands for. */
export interface Alias {
  readonly key: string;
  readonly name: string;
  readonly args: readonly ArgumentNode[];
  readonly argsKey: string;
}

/** A fetch node that reads a field, and the alias there. */
export interface Placement {
  readonly alias: Alias;
  readonly node: FetchNode;
  /** The same for other runtime types whose objects another fetch looks up, where both fetches read it on one type. */
  readonly others?: readonly Placement[] | undefined;
}

/** Returns all placements of a field on one type. */
export function allPlacements(placement: Placement): readonly Placement[] {
  return placement.others ? [...placement.others, placement] : [placement];
}

/**
 * The part of one fetch's document that reads objects at one position; type conditions (`... on T`) are nodes of
 * their own.
 */
export class FetchNode {
  readonly fetch: Fetch;
  readonly position: Position;
  readonly type: SubgraphType;
  /** Field sets that `@provides` makes readable on this path. */
  readonly provided: readonly SelectionSetNode[];
  readonly fields = new Map<string, FetchField>();
  readonly typeConditions = new SmallMap<string, FetchNode>();
  typename = false;

  constructor(fetch: Fetch, position: Position, type: SubgraphType, provided: readonly SelectionSetNode[]) {
    this.fetch = fetch;
    this.position = position;
    this.type = type;
    this.provided = provided;
  }
}

export interface FetchField {
  readonly alias: Alias;
  readonly type: TypeNode;
  /** Whether the field has `@requires` or takes a context value: without these, its value is not valid. */
  readonly needsInputs: boolean;
  /** Arguments that the gateway supplies: see {@link ContextValue}. */
  readonly contextArguments: readonly ContextArgument[];
  readonly node: FetchNode | undefined;
}

/** One look-up in one subgraph, before look-ups are combined into requests. */
export interface Fetch {
  readonly id: number;
  readonly subgraph: Subgraph;
  /** `root`: root fields of the operation; `entity`: `_entities` for the objects at `position`. */
  readonly kind: 'root' | 'entity';
  readonly position: Position;
  /** The type of the objects at the position that are looked up. */
  readonly condition: string;
  readonly node: FetchNode;
  readonly representation: Representation | undefined;
  /** The context values that its fields take. A look-up with any is sent once for each distinct set of values. */
  readonly contexts: readonly ContextValue[];
  readonly dependsOn: ReadonlySet<Fetch>;
  /** One more than the highest level of the fetches that it depends on. */
  readonly level: number;
  /** Whether it is for fields of deferred fragments that another fetch of the subgraph could read: nothing else uses it. */
  readonly isApart?: boolean | undefined;
  /** The numbers of the only defer groups that need it; `undefined` where the rest needs it. */
  readonly groups?: readonly number[] | undefined;
}

/**
 * A value that fields of a look-up take as an argument, read from an object above the looked-up ones
 * (`@fromContext`).
 */
export interface ContextValue {
  /** Equal keys mean the same value, taken in the same form. */
  readonly key: string;
  /** The type of the arguments as text, `String!`. */
  readonly type: string;
  /** The objects that it may be read from, the nearest first; the runtime types decide which one it is. */
  readonly sources: readonly ContextSource[];
}

export interface ContextSource {
  readonly position: Position;
  readonly type: string;
  /** The runtime types that set the context there; `undefined` where all do. */
  readonly possible: ReadonlySet<string> | undefined;
  /** What is read: one field, through objects and fragments around it. */
  readonly fields: RepresentationSelection;
}

/** What is sent to `_entities` for one object: read by aliased keys, written under the subgraph's own names. */
export interface Representation {
  /** The type name to write; `undefined` writes the object's own `__typename`. */
  readonly typename: string | undefined;
  readonly fields: RepresentationSelection;
}

export type RepresentationSelection = readonly RepresentationItem[];

export type RepresentationItem =
  | {
      readonly kind: 'field';
      readonly name: string;
      readonly subgraphKey: string;
      /** Part of the key: an object that has null here cannot be looked up. What `@requires` asks for may be null. */
      readonly isKey: boolean;
      readonly nested: RepresentationSelection | undefined;
      /** How many lists are around each of its values; where this is missing, any number is taken. */
      readonly lists?: number | undefined;
    }
  | {
      readonly kind: 'typeCondition';
      readonly possible: ReadonlySet<string>;
      readonly nested: RepresentationSelection;
    };
