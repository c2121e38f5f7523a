import type { DocumentNode, FieldDefinitionNode, InputValueDefinitionNode, TypeDefinitionNode } from 'graphql';
import { isTypeDefinitionNode, Kind } from 'graphql';
import { hasDirective } from './directives.ts';
import { isFederationInternal, namedType, readRootTypes } from './join-spec.ts';

/**
 * Returns the types that clients of a schema can see: accessible, not empty, and reachable from a root type. An
 * interface leads to the types that implement it.
 */
export function visibleTypes(document: DocumentNode, inaccessible: string): ReadonlySet<string> {
  const definitions = new Map<string, TypeDefinitionNode>();
  for (const definition of document.definitions) {
    if (!isTypeDefinitionNode(definition) || isFederationInternal(definition.name.value)) continue;
    if (!hasDirective(definition, inaccessible)) definitions.set(definition.name.value, definition);
  }
  // an empty type hides the fields of its type, which may make other types empty
  const known = new Set(allNames(document));
  for (let left = -1; left !== definitions.size; ) {
    left = definitions.size;
    for (const [name, definition] of definitions) {
      if (isEmpty(definition, (type) => definitions.has(type) || !known.has(type), inaccessible))
        definitions.delete(name);
    }
  }
  return reachable(document, definitions, inaccessible);
}

/** Returns the names of all types that the document defines; others are built in. */
function allNames(document: DocumentNode): string[] {
  return document.definitions.flatMap((definition) =>
    isTypeDefinitionNode(definition) ? [definition.name.value] : [],
  );
}

function isEmpty(definition: TypeDefinitionNode, exists: (type: string) => boolean, inaccessible: string): boolean {
  const isShown = (member: FieldDefinitionNode | InputValueDefinitionNode) =>
    !hasDirective(member, inaccessible) && exists(namedType(member.type));
  switch (definition.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION:
      return !(definition.fields ?? []).some(isShown);
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return !(definition.fields ?? []).some(isShown);
    case Kind.UNION_TYPE_DEFINITION:
      return !(definition.types ?? []).some((type) => exists(type.name.value));
    case Kind.ENUM_TYPE_DEFINITION:
      return (definition.values ?? []).every((value) => hasDirective(value, inaccessible));
    default:
      return false;
  }
}

function reachable(
  document: DocumentNode,
  definitions: ReadonlyMap<string, TypeDefinitionNode>,
  inaccessible: string,
): Set<string> {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    const definition = definitions.get(name);
    if (!definition || reached.has(name)) return;
    reached.add(name);
    for (const next of referencedTypes(definition, inaccessible)) visit(next);
    if (definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) return;
    for (const other of definitions.values()) if (implementsInterface(other, name)) visit(other.name.value);
  };
  const roots = readRootTypes(document, definitions);
  for (const root of [roots.query, roots.mutation, roots.subscription]) if (root !== undefined) visit(root);
  return reached;
}

function referencedTypes(definition: TypeDefinitionNode, inaccessible: string): string[] {
  switch (definition.kind) {
    case Kind.UNION_TYPE_DEFINITION:
      return (definition.types ?? []).map((type) => type.name.value);
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return shownMembers(definition.fields, inaccessible).map((field) => namedType(field.type));
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION: {
      const names = (definition.interfaces ?? []).map((type) => type.name.value);
      for (const field of shownMembers(definition.fields, inaccessible)) {
        names.push(namedType(field.type));
        for (const argument of shownMembers(field.arguments, inaccessible)) names.push(namedType(argument.type));
      }
      return names;
    }
    default:
      return [];
  }
}

function shownMembers<T extends FieldDefinitionNode | InputValueDefinitionNode>(
  members: readonly T[] | undefined,
  inaccessible: string,
): T[] {
  return (members ?? []).filter((member) => !hasDirective(member, inaccessible));
}

function implementsInterface(definition: TypeDefinitionNode, name: string): boolean {
  return 'interfaces' in definition && (definition.interfaces ?? []).some((type) => type.name.value === name);
}
