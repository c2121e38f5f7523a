import type {
  DocumentNode,
  FieldDefinitionNode,
  InterfaceTypeDefinitionNode,
  ObjectTypeDefinitionNode,
  TypeDefinitionNode,
  TypeNode,
  UnionTypeDefinitionNode,
} from 'graphql';
import { isTypeDefinitionNode, Kind } from 'graphql';
import type { Steps } from '../shared/steps.ts';
import { appliedDirectives, directiveUses, text } from './directives.ts';
import { linkedNames } from './linked-names.ts';
import type { SupergraphField, SupergraphType } from './supergraph.ts';

/** A supergraph document with its join directives read, before the views of the subgraphs are built. */
export interface JoinedTypes {
  readonly graphs: ReadonlyMap<string, { id: string; name: string; url: string }>;
  readonly definitions: ReadonlyMap<string, TypeDefinitionNode>;
  readonly types: ReadonlyMap<string, SupergraphType>;
  readonly rootTypes: { query: string; mutation?: string; subscription?: string };
}

export type CompositeDefinition = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | UnionTypeDefinitionNode;

const INTERNAL_NAMES = /^(join|link|core|context|requiresScopes|policy|connect|headgate)__/;

/** Returns whether a name belongs to a specification rather than to the graph. */
export function isFederationInternal(name: string): boolean {
  return INTERNAL_NAMES.test(name);
}

/** Reads the join directives of a supergraph document. */
export function* readJoinedTypes(document: DocumentNode): Steps<JoinedTypes> {
  const definitions = new Map<string, TypeDefinitionNode>();
  for (const definition of document.definitions) {
    if (isTypeDefinitionNode(definition)) definitions.set(definition.name.value, definition);
  }
  return {
    graphs: readGraphs(definitions.get('join__Graph')),
    definitions,
    types: yield* readTypes(definitions, linkedNames(document)),
    rootTypes: readRootTypes(document, definitions),
  };
}

function readGraphs(definition: TypeDefinitionNode | undefined): JoinedTypes['graphs'] {
  const graphs = new Map<string, { id: string; name: string; url: string }>();
  if (definition?.kind !== Kind.ENUM_TYPE_DEFINITION) return graphs;
  for (const value of definition.values ?? []) {
    const id = value.name.value;
    const graph = directiveUses(value, 'join__graph')[0];
    graphs.set(id, { id, name: text(graph?.name) ?? id, url: text(graph?.url) ?? '' });
  }
  return graphs;
}

/** Returns the names of the root types. */
export function readRootTypes(document: DocumentNode, definitions: ReadonlyMap<string, unknown>) {
  const roots: { query: string; mutation?: string; subscription?: string } = { query: 'Query' };
  const schema = document.definitions.find((definition) => definition.kind === Kind.SCHEMA_DEFINITION);
  if (schema?.kind === Kind.SCHEMA_DEFINITION) {
    for (const root of schema.operationTypes) roots[root.operation] = root.type.name.value;
    return roots;
  }
  if (definitions.has('Mutation')) roots.mutation = 'Mutation';
  if (definitions.has('Subscription')) roots.subscription = 'Subscription';
  return roots;
}

/** Names of directives in the document → names in their specifications. */
type SpecificationNames = ReadonlyMap<string, string>;

function* readTypes(
  definitions: ReadonlyMap<string, TypeDefinitionNode>,
  names: SpecificationNames,
): Steps<ReadonlyMap<string, SupergraphType>> {
  const implementations = new Map<string, Set<string>>();
  for (const definition of definitions.values()) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    for (const { name } of definition.interfaces ?? []) {
      const known = implementations.get(name.value) ?? new Set();
      implementations.set(name.value, known.add(definition.name.value));
    }
  }
  const types = new Map<string, SupergraphType>();
  for (const definition of definitions.values()) {
    const name = definition.name.value;
    if (isFederationInternal(name)) continue;
    const directives = appliedDirectives(definition, names);
    types.set(name, {
      name,
      kind: kindOf(definition),
      fields: readFields(definition, names),
      possible: possibleTypes(definition, implementations),
      interfaces: 'interfaces' in definition ? (definition.interfaces ?? []).map((i) => i.name.value) : [],
      inaccessible: directives.has('inaccessible'),
      directives,
    });
    yield;
  }
  return types;
}

function kindOf(definition: TypeDefinitionNode): SupergraphType['kind'] {
  switch (definition.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
      return 'object';
    case Kind.INTERFACE_TYPE_DEFINITION:
      return 'interface';
    case Kind.UNION_TYPE_DEFINITION:
      return 'union';
    case Kind.ENUM_TYPE_DEFINITION:
      return 'enum';
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return 'input';
    default:
      return 'scalar';
  }
}

function possibleTypes(definition: TypeDefinitionNode, implementations: ReadonlyMap<string, Set<string>>): Set<string> {
  if (definition.kind === Kind.OBJECT_TYPE_DEFINITION) return new Set([definition.name.value]);
  if (definition.kind === Kind.UNION_TYPE_DEFINITION) return new Set(definition.types?.map((type) => type.name.value));
  return implementations.get(definition.name.value) ?? new Set();
}

function readFields(definition: TypeDefinitionNode, names: SpecificationNames): ReadonlyMap<string, SupergraphField> {
  const fields = new Map<string, SupergraphField>();
  if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION)
    return fields;
  for (const field of definition.fields ?? []) fields.set(field.name.value, readField(field, names));
  return fields;
}

function readField(field: FieldDefinitionNode, names: SpecificationNames): SupergraphField {
  const { type } = field;
  return { name: field.name.value, type, namedType: namedType(type), directives: appliedDirectives(field, names) };
}

/** Returns the name of a type without its lists and non-null markers. */
export function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
