import type { ArgumentNode, SelectionSetNode, TypeNode } from 'graphql';
import type { OpField } from '../operation/operation.ts';
import type { ContextArgument, Subgraph, SubgraphType } from '../supergraph/supergraph.ts';
import { SmallMap } from './small-map.ts';

/**
 * A place in the response where objects are: the root, or the value of a composite field. Fetches meet here:
 * each that reads fields of these objects has one {@link FetchNode} for it.
 */
export class Position {
  readonly id: number;
  /** The supergraph's type of the objects here; abstract where their runtime types differ. */
  readonly type: string;
  readonly origin: PositionOrigin | undefined;
  readonly nodes: FetchNode[] = [];
  private readonly children = new SmallMap<string, Position>();
  readonly space: AliasScope;
  /** Where each selected field is read from: by owner type, as one field may be read differently on several types. */
  readonly placed = new Map<OpField, SmallMap<string, Placement>>();

  constructor(id: number, type: string, origin: PositionOrigin | undefined) {
    this.id = id;
    this.type = type;
    this.origin = origin;
    this.space = origin ? origin.parent.space.below(origin.alias.key) : new AliasScope();
  }

  /** The position that a field leads to when it is selected on a type. */
  below(alias: Alias, owner: string): Position | undefined {
    return this.children.get(`${alias.key} ${owner}`);
  }

  addBelow(alias: Alias, owner: string, position: Position): void {
    this.children.set(`${alias.key} ${owner}`, position);
  }
}

/** How a position was reached, so that another subgraph can be asked the same way. */
export interface PositionOrigin {
  readonly parent: Position;
  /** The type on which the field is selected: only the parent's objects of this type lead here. */
  readonly owner: string;
  readonly alias: Alias;
}

/**
 * The keys under which fields are fetched into the objects on one path. A key means one field with one set of arguments,
 * so what several subgraphs say of one object can be put into that object.
 */
export class AliasScope {
  private readonly aliases = new Map<string, Alias>();
  private readonly byMeaning = new Map<string, Alias[]>();
  /** The last number that was tried for keys of a name. */
  private lastNumber: Map<string, number> | undefined;
  private readonly nested = new SmallMap<string, AliasScope>();

  /** The keys that mean a field with its arguments, in the order in which they were added. */
  meaning(field: Pick<Alias, 'name' | 'argsKey'>): readonly Alias[] {
    return this.byMeaning.get(meaningOf(field)) ?? NO_WIRES;
  }

  /** The wire under a key, where it means this field with these arguments. */
  known(key: string, { name, argsKey }: Pick<Alias, 'name' | 'argsKey'>): Alias | undefined {
    const alias = this.aliases.get(key);
    return alias?.name === name && alias.argsKey === argsKey ? alias : undefined;
  }

  /** Adds a key for a field: the one wished for where it is free. */
  add({ name, args, argsKey }: Omit<Alias, 'key'>, wished: string): Alias {
    const alias = { key: this.freeKey(wished, name), name, args, argsKey };
    this.aliases.set(alias.key, alias);
    const meaning = meaningOf(alias);
    const alike = this.byMeaning.get(meaning);
    if (alike) alike.push(alias);
    else this.byMeaning.set(meaning, [alias]);
    return alias;
  }

  private freeKey(wished: string, name: string): string {
    // names with two underscores are the specification's; every object seems to have what `Object.prototype` has
    if (!this.aliases.has(wished) && !wished.startsWith('__') && !(wished in Object.prototype)) return wished;
    this.lastNumber ??= new Map();
    let number = this.lastNumber.get(name) ?? 0;
    do number += 1;
    while (this.aliases.has(`${name}_${number}`));
    this.lastNumber.set(name, number);
    return `${name}_${number}`;
  }

  below(key: string): AliasScope {
    let space = this.nested.get(key);
    if (!space) {
      space = new AliasScope();
      this.nested.set(key, space);
    }
    return space;
  }
}

const NO_WIRES: readonly Alias[] = [];

function meaningOf({ name, argsKey }: Pick<Alias, 'name' | 'argsKey'>): string {
  return argsKey === '' ? name : `${name}(${argsKey})`;
}

export interface Alias {
  readonly key: string;
  readonly name: string;
  readonly args: readonly ArgumentNode[];
  readonly argsKey: string;
}

export interface Placement {
  readonly alias: Alias;
  readonly node: FetchNode;
}

/** The part of one fetch's document that reads objects at one position; narrowings (`... on T`) are nodes of their own. */
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
  /** The field has `@requires` or takes a context's value: where that is missing, what it says is not to be trusted. */
  readonly needsInputs: boolean;
  /** Arguments that the gateway fills in: see {@link ContextValue}. */
  readonly contextArguments: readonly ContextArgument[];
  readonly node: FetchNode | undefined;
}

/** One look-up in one subgraph, before look-ups are gathered into requests. */
export interface Fetch {
  readonly id: number;
  readonly subgraph: Subgraph;
  /** `root`: the operation's root fields; `entity`: `_entities` for the objects at `position`. */
  readonly kind: 'root' | 'entity';
  readonly position: Position;
  /** Which objects at the position are looked up. */
  readonly condition: string;
  readonly node: FetchNode;
  readonly representation: Representation | undefined;
  /** What its fields take from contexts. A look-up with any is asked once for each distinct set of values. */
  readonly contexts: readonly ContextValue[];
  readonly dependsOn: ReadonlySet<Fetch>;
  /** One more than the highest level among what it depends on. */
  readonly level: number;
  /** The numbers of the sections that it is for alone, where sections have a time of their own. */
  readonly sections?: readonly number[] | undefined;
}

/** A value that fields of a look-up take as an argument, read from an object above those that are looked up (`@fromContext`). */
export interface ContextValue {
  /** Equal keys mean the same value, taken in the same form. */
  readonly key: string;
  /** The type of the arguments as text, `String!`. */
  readonly type: string;
  /** The objects that it is read from, the nearest first; which of them it is may depend on their runtime types. */
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

/** What is sent to `_entities` for one object: read from wire keys, written under the subgraph's own names. */
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
