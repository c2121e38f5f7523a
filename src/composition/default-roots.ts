import {
  type DocumentNode,
  Kind,
  type OperationTypeDefinitionNode,
  type OperationTypeNode,
  type SchemaDefinitionNode,
  type SchemaExtensionNode,
  visit,
} from 'graphql';
import type { LinkMistake } from './federation-version.ts';

const DEFAULTS: Readonly<Record<OperationTypeNode, string>> = {
  query: 'Query',
  mutation: 'Mutation',
  subscription: 'Subscription',
};

/**
 * Renames the root types of a subgraph to their default names, which they have in the supergraph. The composer reads
 * other names only from the definition of the schema, not from extensions.
 *
 * In:  `extend schema { query: Root }  type Root { me: User }  type User { root: Root }`
 * Out: `type Query { me: User }  type User { root: Query }`
 */
export function withDefaultRoots(document: DocumentNode): DocumentNode {
  const renamed = new Map<string, string>();
  const given = rootsOf(document);
  for (const { operation, type } of given) {
    const known = given.find((other) => other.operation === operation);
    if (known?.type.name.value !== type.name.value) return document;
    if (type.name.value !== DEFAULTS[operation]) renamed.set(type.name.value, DEFAULTS[operation]);
  }
  if (given.length === 0) return document;
  const rename = <T extends { readonly name: { readonly value: string } }>(node: T): T | undefined => {
    const name = renamed.get(node.name.value);
    return name === undefined ? undefined : { ...node, name: { ...node.name, value: name } };
  };
  return visit(document, {
    NamedType: (node) => rename(node),
    ObjectTypeDefinition: { leave: (node) => rename(node) },
    ObjectTypeExtension: { leave: (node) => rename(node) },
    SchemaExtension: { leave: (node) => (node.directives?.length ? { ...node, operationTypes: [] } : null) },
  });
}

/**
 * Finds types that have the default name of a root type without being one: the supergraph would make them root types.
 */
export function rootTypeMistakes(document: DocumentNode): LinkMistake[] {
  const given = rootsOf(document);
  const isDefined = document.definitions.some((node) => node.kind === Kind.SCHEMA_DEFINITION);
  return document.definitions.flatMap((node): LinkMistake[] => {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION) return [];
    const name = node.name.value;
    const operation = (['query', 'mutation', 'subscription'] as OperationTypeNode[]).find((o) => DEFAULTS[o] === name);
    if (operation === undefined) return [];
    const roots = given.filter((root) => root.operation === operation).map(({ type }) => type.name.value);
    if (roots.length === 0 ? !isDefined : roots.includes(name)) return [];
    const other = roots[0] === undefined ? 'no type' : `"${roots[0]}"`;
    return [
      {
        node: node.name,
        code: `ROOT_${operation.toUpperCase()}_USED`,
        message: `The type "${name}" is not the ${operation} root type here: the schema definition names ${other}.`,
        hint: `Rename the type, or write \`${operation}: ${name}\` into the schema definition: in a supergraph that is the name of the ${operation} root type.`,
      },
    ];
  });
}

function rootsOf({ definitions }: DocumentNode): readonly OperationTypeDefinitionNode[] {
  return definitions
    .filter((node): node is SchemaDefinitionNode | SchemaExtensionNode => {
      return node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION;
    })
    .flatMap((node) => node.operationTypes ?? []);
}
