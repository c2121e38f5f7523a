import {
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  type TypeNode,
} from 'graphql';
import type { SourceDefinition } from './source-definition.ts';

/**
 * Adds the types of fields that a plain service requires from other subgraphs. The `@computed` fields in the file of
 * a service name such fields, but not their types, which come from the subgraph that owns the field. These fields
 * have no location, because they are not in the file.
 *
 * In:  type Product @key(fields: "upc") { shipping: Int @requires(fields: "price")  price: String @external }
 * Out: type Product @key(fields: "upc") { shipping: Int @requires(fields: "price")  price: Float! @external }
 */
export function withExternalTypes(sources: readonly SourceDefinition[]): readonly SourceDefinition[] {
  if (!sources.some(({ kind }) => kind === 'service')) return sources;
  return sources.map((source) => {
    if (source.kind !== 'service') return source;
    const others = sources.filter((other) => other !== source);
    return { ...source, document: completed(source.document, others) };
  });
}

function completed(document: DocumentNode, others: readonly SourceDefinition[]): DocumentNode {
  const definitions = document.definitions.map((node) => {
    if (!isObject(node) || !node.fields?.some(isUnknown)) return node;
    const typeOf = (field: FieldDefinitionNode) => (isUnknown(field) ? ownType(node, field, others) : field.type);
    return { ...node, fields: node.fields.map((field) => ({ ...field, type: typeOf(field) })) };
  });
  return { ...document, definitions };
}

function isObject(
  node: DocumentNode['definitions'][number],
): node is ObjectTypeDefinitionNode | ObjectTypeExtensionNode {
  return node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION;
}

function isUnknown(field: FieldDefinitionNode): boolean {
  return field.loc === undefined && isExternal(field);
}

function isExternal(field: FieldDefinitionNode): boolean {
  return field.directives?.some(({ name }) => name.value === 'external') ?? false;
}

/**
 * Returns the type of a field in the subgraph that owns it. Where no other subgraph has the field, the composer
 * reports it.
 */
function ownType(
  holder: ObjectTypeDefinitionNode | ObjectTypeExtensionNode,
  field: FieldDefinitionNode,
  others: readonly SourceDefinition[],
): TypeNode {
  for (const { document } of others) {
    for (const node of document.definitions) {
      if (!isObject(node) || node.name.value !== holder.name.value) continue;
      const own = node.fields?.find(({ name }) => name.value === field.name.value);
      if (own && !isExternal(own)) return own.type;
    }
  }
  return field.type;
}
