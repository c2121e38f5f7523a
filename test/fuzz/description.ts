/**
 * A federated world as plain data: what fuzzing generates, shrinks and prints. Subgraph schemas, their resolvers and
 * the monolith that they must equal are all derived from it, and so is every value (see `truth.ts`).
 */
export interface WorldDescription {
  /** Subgraph names; the order has no meaning. */
  subgraphs: string[];
  entities: Record<string, EntityDescription>;
  /** Object types without keys, shared by value. */
  values: Record<string, ValueDescription>;
  interfaces: Record<string, InterfaceDescription>;
  unions: Record<string, UnionDescription>;
  enums: Record<string, EnumDescription>;
  /** The fields of `Query`. */
  query: Record<string, FieldDescription>;
  /** The fields of `Mutation`, which change nothing: what they answer must come in their order all the same. */
  mutation?: Record<string, FieldDescription>;
  contexts?: Record<string, ContextDescription>;
  /** Makes clients see the world through a contract, written by what it shows or by what it hides: the same either way. */
  contract?: 'include' | 'exclude';
  /** Fields that others require may fail as well. */
  requiredFail?: true;
  /** The labels of progressive `@override` that are on; besides those there is `percent(100)`, which is always. */
  labelsOn?: string[];
}

/** A context of one subgraph: each type that sets it, and the field that is read there. `Query` is always among them. */
export interface ContextDescription {
  subgraph: string;
  /** The leaf type of all those fields. */
  type: string;
  setters: Record<string, string>;
}

export interface EntityDescription {
  /** Per subgraph that knows the entity: its keys there. */
  keys: Record<string, KeyDescription[]>;
  fields: Record<string, FieldDescription>;
}

export interface KeyDescription {
  /** A field set: `id`, `ka kb`, `ref { code }`. */
  fields: string;
  /** `resolvable: false` when set. */
  stub?: true;
}

export interface ValueDescription {
  /** Fields without owners are in every subgraph that has the type. */
  fields: Record<string, FieldDescription>;
}

export interface InterfaceDescription {
  /** Per subgraph that defines the interface: the types that implement it there. */
  members: Record<string, string[]>;
  /** The interface's fields; a subgraph's definition has those that all its members resolve there. */
  fields: string[];
  /** Makes it an entity interface: `@key` in `home`, and an `@interfaceObject` in the subgraphs of `objects`. */
  entity?: { key: string; home: string; objects: Record<string, Record<string, FieldDescription>> };
}

export interface UnionDescription {
  /** Per subgraph that defines the union: its members there. */
  members: Record<string, string[]>;
}

export interface EnumDescription {
  values: string[];
  /** Subgraphs that know only some of the values. */
  partly?: Record<string, string[]>;
}

/** Wrappers of a field's type, from the outside in. */
export type Wrapping = '' | '!' | '[]' | '[!]' | '[]!' | '[!]!' | '[[]]';

export interface FieldDescription {
  /** The named type: `Int`, `E0`, `V1`, `I0`… */
  type: string;
  wrapping: Wrapping;
  /** Argument name → type and default, as SDL: `Int = 3`. */
  args?: Record<string, string>;
  /** The subgraphs that resolve it. More than one makes it `@shareable`. */
  owners: string[];
  /** Owners whose schema lets it be null where the others do not. */
  nullableIn?: string[];
  /** Field set of `@requires`; the value then depends on the representation received. */
  requires?: string;
  /** The context that an argument of its own is taken from; the value then depends on the objects above. */
  context?: string;
  /** Per owner: field set of `@provides`. */
  provides?: Record<string, string>;
  /** The subgraph that it was taken over from, whose resolver must not be asked any more. */
  overrides?: string;
  /** Makes that progressive: while the label is off, the other subgraph resolves it, and this one must not be asked. */
  label?: string;
  inaccessible?: true;
  /** Not shown by the world's contract. */
  uncontracted?: true;
  /** For some objects the resolver throws. */
  fails?: true;
  /** Set on fields that keys are made of: how the value encodes the entity's number. */
  keyPart?: KeyPart;
}

export type KeyPart = 'id' | 'sku' | 'ka' | 'kb' | 'ref' | 'code' | 'nums' | 'link';

/** How many entities of each type there are: numbers 0 to INSTANCES - 1. */
export const INSTANCES = 4;

/** Leaf types of every world. `Blob` is a custom scalar with objects as values. */
export const SCALARS = ['Int', 'Float', 'String', 'Boolean', 'ID', 'Blob'] as const;

/** The one input type, the same in every subgraph that uses it. */
export const INPUT_SDL = 'input In { n: Int = 5 s: [String!] c: In }';
