import type { ArgumentNode, SelectionSetNode, TypeNode } from 'graphql';
import type { OpField } from '../operation/operation.ts';
import type { ContextArgument, Subgraph, SubgraphType } from '../supergraph/supergraph.ts';
import { FewMap } from './small-map.ts';

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
  private readonly children = new FewMap<string, Position>();
  readonly space: WireSpace;
  /** Where each selected field is read from: by owner type, as one field may be read differently on several types. */
  readonly placed = new Map<OpField, FewMap<string, Placement>>();

  constructor(id: number, type: string, origin: PositionOrigin | undefined) {
    this.id = id;
    this.type = type;
    this.origin = origin;
    this.space = origin ? origin.parent.space.below(origin.wire.key) : new WireSpace();
  }

  /** The position that a field leads to when it is selected on a type. */
  below(wire: Wire, owner: string): Position | undefined {
    return this.children.get(`${wire.key} ${owner}`);
  }

  addBelow(wire: Wire, owner: string, position: Position): void {
    this.children.set(`${wire.key} ${owner}`, position);
  }
}

/** How a position was reached, so that another subgraph can be asked the same way. */
export interface PositionOrigin {
  readonly parent: Position;
  /** The type on which the field is selected: only the parent's objects of this type lead here. */
  readonly owner: string;
  readonly wire: Wire;
}

/**
 * The keys under which fields are fetched into the objects on one path. A key means one field with one set of arguments,
 * so what several subgraphs say of one object can be put into that object.
 */
export class WireSpace {
  private readonly wires = new Map<string, Wire>();
  private readonly byMeaning = new Map<string, Wire[]>();
  /** The last number that was tried for keys of a name. */
  private lastNumber: Map<string, number> | undefined;
  private readonly nested = new FewMap<string, WireSpace>();

  /** The keys that mean a field with its arguments, in the order in which they were added. */
  meaning(field: Pick<Wire, 'name' | 'argsKey'>): readonly Wire[] {
    return this.byMeaning.get(meaningOf(field)) ?? NO_WIRES;
  }

  /** The wire under a key, where it means this field with these arguments. */
  known(key: string, { name, argsKey }: Pick<Wire, 'name' | 'argsKey'>): Wire | undefined {
    const wire = this.wires.get(key);
    return wire?.name === name && wire.argsKey === argsKey ? wire : undefined;
  }

  /** Adds a key for a field: the one wished for where it is free. */
  add({ name, args, argsKey }: Omit<Wire, 'key'>, wished: string): Wire {
    const wire = { key: this.freeKey(wished, name), name, args, argsKey };
    this.wires.set(wire.key, wire);
    const meaning = meaningOf(wire);
    const alike = this.byMeaning.get(meaning);
    if (alike) alike.push(wire);
    else this.byMeaning.set(meaning, [wire]);
    return wire;
  }

  private freeKey(wished: string, name: string): string {
    // names with two underscores are the specification's; every object seems to have what `Object.prototype` has
    if (!this.wires.has(wished) && !wished.startsWith('__') && !(wished in Object.prototype)) return wished;
    this.lastNumber ??= new Map();
    let number = this.lastNumber.get(name) ?? 0;
    do number += 1;
    while (this.wires.has(`${name}_${number}`));
    this.lastNumber.set(name, number);
    return `${name}_${number}`;
  }

  below(key: string): WireSpace {
    let space = this.nested.get(key);
    if (!space) {
      space = new WireSpace();
      this.nested.set(key, space);
    }
    return space;
  }
}

const NO_WIRES: readonly Wire[] = [];

function meaningOf({ name, argsKey }: Pick<Wire, 'name' | 'argsKey'>): string {
  return argsKey === '' ? name : `${name}(${argsKey})`;
}

export interface Wire {
  readonly key: string;
  readonly name: string;
  readonly args: readonly ArgumentNode[];
  readonly argsKey: string;
}

export interface Placement {
  readonly wire: Wire;
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
  readonly narrowings = new FewMap<string, FetchNode>();
  typename = false;

  constructor(fetch: Fetch, position: Position, type: SubgraphType, provided: readonly SelectionSetNode[]) {
    this.fetch = fetch;
    this.position = position;
    this.type = type;
    this.provided = provided;
  }
}

export interface FetchField {
  readonly wire: Wire;
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
      readonly wireKey: string;
      /** Part of the key: an object that has null here cannot be looked up. What `@requires` asks for may be null. */
      readonly isKey: boolean;
      readonly nested: RepresentationSelection | undefined;
      /** How many lists are around each of its values; where this is missing, any number is taken. */
      readonly lists?: number | undefined;
    }
  | { readonly kind: 'narrowing'; readonly possible: ReadonlySet<string>; readonly nested: RepresentationSelection };
