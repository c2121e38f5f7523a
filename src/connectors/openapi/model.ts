/** What a schema is in GraphQL, without its nullability. */
export type TypeRef =
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'list'; readonly of: TypeRef; readonly itemsRequired: boolean }
  | { readonly kind: 'object'; readonly object: ObjectModel }
  | { readonly kind: 'union'; readonly union: UnionModel };

/** One of several objects; which, a property says. */
export interface UnionModel {
  readonly name: string;
  readonly description: string | undefined;
  /** What the API calls the property. */
  readonly property: string;
  readonly members: { readonly values: readonly string[]; readonly object: ObjectModel }[];
}

export interface ObjectModel {
  readonly name: string;
  readonly description: string | undefined;
  readonly fields: FieldModel[];
}

export interface FieldModel {
  readonly name: string;
  /** What the API calls it. */
  readonly original: string;
  type: TypeRef;
  required: boolean;
  readonly description: string | undefined;
}

export interface EnumModel {
  readonly name: string;
  readonly values: readonly string[];
}

export const JSON_TYPE: TypeRef = { kind: 'scalar', name: 'JSON' };

export function objectOf(type: TypeRef): ObjectModel | undefined {
  if (type.kind === 'list') return objectOf(type.of);
  return type.kind === 'object' ? type.object : undefined;
}

/** The objects that a value may be. */
export function objectsOf(type: TypeRef): ObjectModel[] {
  if (type.kind === 'list') return objectsOf(type.of);
  if (type.kind === 'union') return type.union.members.map(({ object }) => object);
  return type.kind === 'object' ? [type.object] : [];
}

export function unionOf(type: TypeRef): UnionModel | undefined {
  if (type.kind === 'list') return unionOf(type.of);
  return type.kind === 'union' ? type.union : undefined;
}

export function printType(type: TypeRef): string {
  if (type.kind === 'list') return `[${printType(type.of)}${type.itemsRequired ? '!' : ''}]`;
  if (type.kind === 'union') return type.union.name;
  return type.kind === 'object' ? type.object.name : type.name;
}
