import type { ASTNode, DefinitionNode, DirectiveDefinitionNode, DocumentNode } from 'graphql';
import { buildASTSchema, GraphQLSchema, isTypeDefinitionNode, Kind, visit } from 'graphql';
import { hasDirective } from './directives.ts';
import { isFederationInternal, namedType } from './join-spec.ts';
import { withSpecificationNames } from './linked-names.ts';

const SHOWN_DIRECTIVES = new Set(['deprecated', 'specifiedBy', 'oneOf']);
const INACCESSIBLE = 'inaccessible';
const EXECUTABLE =
  /^(QUERY|MUTATION|SUBSCRIPTION|FIELD|FRAGMENT_DEFINITION|FRAGMENT_SPREAD|INLINE_FRAGMENT|VARIABLE_DEFINITION)$/;

/**
 * Builds the schema that clients see: the supergraph without the internals of its specifications and without
 * `@inaccessible` elements.
 * @see https://specs.apollo.dev/inaccessible/v0.2/
 */
export function buildPublicSchema(supergraph: DocumentNode): GraphQLSchema {
  const document = withSpecificationNames(supergraph);
  const hidden = new Set<string>();
  for (const definition of document.definitions) {
    if (
      isTypeDefinitionNode(definition) &&
      (isFederationInternal(definition.name.value) || hasDirective(definition, INACCESSIBLE))
    ) {
      hidden.add(definition.name.value);
    }
  }
  const shown = visit(document, {
    enter: (node, _key, parent) => (isShown(node, parent, hidden) ? undefined : null),
  });
  const definitions = shown.definitions.filter((definition) => isPublicDefinition(definition, hidden));
  const built = buildASTSchema({ kind: Kind.DOCUMENT, definitions }, { assumeValid: true, assumeValidSDL: true });
  return new GraphQLSchema({ ...built.toConfig(), assumeValid: true });
}

function isShown(node: ASTNode, parent: unknown, hidden: ReadonlySet<string>): boolean {
  switch (node.kind) {
    case Kind.DIRECTIVE:
      return SHOWN_DIRECTIVES.has(node.name.value);
    case Kind.DIRECTIVE_DEFINITION:
      return isPublicDirective(node);
    case Kind.FIELD_DEFINITION:
    case Kind.INPUT_VALUE_DEFINITION:
      return !hasDirective(node, INACCESSIBLE) && !hidden.has(namedType(node.type));
    case Kind.NAMED_TYPE:
      // in a list it is an interface or a union member; elsewhere its owner was checked already
      return !(Array.isArray(parent) && hidden.has(node.name.value));
    case Kind.ENUM_VALUE_DEFINITION:
      return !hasDirective(node, INACCESSIBLE);
    default:
      return true;
  }
}

function isPublicDefinition(definition: DefinitionNode, hidden: ReadonlySet<string>): boolean {
  if (isTypeDefinitionNode(definition)) return !hidden.has(definition.name.value);
  return definition.kind === Kind.DIRECTIVE_DEFINITION || definition.kind === Kind.SCHEMA_DEFINITION;
}

function isPublicDirective(node: DirectiveDefinitionNode): boolean {
  return !isFederationInternal(node.name.value) && node.locations.some((location) => EXECUTABLE.test(location.value));
}
