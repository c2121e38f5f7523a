/** A GraphQL type, without nullability. */
export type TypeRef =
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'list'; readonly of: TypeRef; readonly itemsRequired: boolean }
  | { readonly kind: 'object'; readonly object: ObjectModel }
  | { readonly kind: 'union'; readonly union: UnionModel };

/** A union type. A property identifies the member. */
export interface UnionModel {
  readonly name: string;
  readonly description: string | undefined;
  /** Name of the property in the API. */
  readonly property: string;
  readonly members: { readonly values: readonly string[]; readonly object: ObjectModel }[];
}

/** An object or input type. */
export interface ObjectModel {
  readonly name: string;
  readonly description: string | undefined;
  readonly fields: FieldModel[];
}

/** A field of an object or input type. */
export interface FieldModel {
  readonly name: string;
  /** Name in the API. */
  readonly original: string;
  type: TypeRef;
  required: boolean;
  readonly description: string | undefined;
}

/** An enum type. */
export interface EnumModel {
  readonly name: string;
  readonly values: readonly string[];
}

export const JSON_TYPE: TypeRef = { kind: 'scalar', name: 'JSON' };

/** Returns the object type of a value or of list items. */
export function objectOf(type: TypeRef): ObjectModel | undefined {
  if (type.kind === 'list') return objectOf(type.of);
  return type.kind === 'object' ? type.object : undefined;
}

/** Returns the possible object types of a value or of list items. */
export function objectsOf(type: TypeRef): ObjectModel[] {
  if (type.kind === 'list') return objectsOf(type.of);
  if (type.kind === 'union') return type.union.members.map(({ object }) => object);
  return type.kind === 'object' ? [type.object] : [];
}

/** Returns the union type of a value or of list items. */
export function unionOf(type: TypeRef): UnionModel | undefined {
  if (type.kind === 'list') return unionOf(type.of);
  return type.kind === 'union' ? type.union : undefined;
}

/** Prints a type reference in SDL. */
export function printType(type: TypeRef): string {
  if (type.kind === 'list') return `[${printType(type.of)}${type.itemsRequired ? '!' : ''}]`;
  if (type.kind === 'union') return type.union.name;
  return type.kind === 'object' ? type.object.name : type.name;
}
