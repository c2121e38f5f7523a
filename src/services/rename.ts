import {
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  type NameNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import type { PublicNames } from './names.ts';

/** Renames a document to the names of the supergraph. Root types have their default names, so `schema { … }` is removed. */
export function renameDocument(document: DocumentNode, names: PublicNames): DocumentNode {
  const type = (name: NameNode): NameNode => renamed(name, names.types.get(name.value));
  const fields = (owner: string, nodes: readonly FieldDefinitionNode[] | undefined) =>
    nodes?.map((node) => ({ ...node, name: renamed(node.name, names.fields.get(`${owner}.${node.name.value}`)) }));
  const renamedTypes = visit(document, {
    NamedType: (node) => ({ ...node, name: type(node.name) }),
    SchemaDefinition: (node) => (node.directives?.length ? asExtension(node) : null),
  });
  const definitions = renamedTypes.definitions.map((node) => {
    if (!('name' in node) || node.name === undefined || node.kind === Kind.DIRECTIVE_DEFINITION) return node;
    if (!('fields' in node)) return { ...node, name: type(node.name) };
    const owner = node.name.value;
    return { ...node, name: type(node.name), fields: fields(owner, node.fields as readonly FieldDefinitionNode[]) };
  });
  return { ...renamedTypes, definitions: definitions as DocumentNode['definitions'] };
}

function asExtension(node: object): object {
  return { ...node, kind: Kind.SCHEMA_EXTENSION, operationTypes: undefined };
}

function renamed(node: NameNode, to: string | undefined): NameNode {
  return to === undefined ? node : { ...node, value: to };
}

/** Renames a path to the names of the supergraph: `["owner", "id"]` → `["holder", "id"]`. Unknown names are unchanged. */
export function renamePath(
  path: readonly string[],
  typeName: string,
  schema: GraphQLSchema,
  names: PublicNames,
): string[] {
  let at: string | undefined = typeName;
  return path.map((step) => {
    const name = at === undefined ? undefined : names.fields.get(`${at}.${step}`);
    at = fieldTypeOf(schema, at, step);
    return name ?? step;
  });
}

/** Renames all fields of a selection set to the names of the supergraph. */
export function renameSelection(
  selection: SelectionSetNode,
  typeName: string,
  schema: GraphQLSchema,
  names: PublicNames,
): SelectionSetNode {
  const selections = selection.selections.map((node) => {
    if (node.kind === Kind.FRAGMENT_SPREAD) return node;
    if (node.kind === Kind.INLINE_FRAGMENT) {
      const on = node.typeCondition?.name.value ?? typeName;
      return { ...node, selectionSet: renameSelection(node.selectionSet, on, schema, names) };
    }
    const below = fieldTypeOf(schema, typeName, node.name.value);
    const selectionSet =
      node.selectionSet && below ? renameSelection(node.selectionSet, below, schema, names) : node.selectionSet;
    return { ...node, name: renamed(node.name, names.fields.get(`${typeName}.${node.name.value}`)), selectionSet };
  });
  return { ...selection, selections };
}

/** Returns the named type of a field; `undefined` where the field does not exist. */
export function fieldTypeOf(schema: GraphQLSchema, typeName: string | undefined, field: string): string | undefined {
  const type = typeName === undefined ? undefined : schema.getType(typeName);
  if (!isObjectType(type) && !isInterfaceType(type)) return undefined;
  const found = type.getFields()[field];
  return found && getNamedType(found.type).name;
}
