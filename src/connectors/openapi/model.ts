/** What a schema is in GraphQL, without its nullability. */
export type TypeRef =
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'list'; readonly of: TypeRef; readonly itemsRequired: boolean }
  | { readonly kind: 'object'; readonly object: ObjectModel };

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

export function printType(type: TypeRef): string {
  if (type.kind === 'list') return `[${printType(type.of)}${type.itemsRequired ? '!' : ''}]`;
  return type.kind === 'object' ? type.object.name : type.name;
}
