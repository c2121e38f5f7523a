import type { ASTNode, DefinitionNode, DirectiveDefinitionNode, DocumentNode, GraphQLSchema } from 'graphql';
import { isTypeDefinitionNode, Kind, parse, visit } from 'graphql';
import { buildSchemaInSteps } from '../shared/build-schema.ts';
import type { Steps } from '../shared/steps.ts';
import { hasDirective } from './directives.ts';
import { isFederationInternal, namedType } from './join-spec.ts';
import { withSpecificationNames } from './linked-names.ts';

const SHOWN_DIRECTIVES = new Set(['deprecated', 'specifiedBy', 'oneOf']);
const INACCESSIBLE = 'inaccessible';
const EXECUTABLE =
  /^(QUERY|MUTATION|SUBSCRIPTION|FIELD|FRAGMENT_DEFINITION|FRAGMENT_SPREAD|INLINE_FRAGMENT|VARIABLE_DEFINITION)$/;

const INCREMENTAL = parse(`
  "Lets the gateway send the fields of a fragment after the rest of the result."
  directive @defer(
    "Whether the fragment may come later."
    if: Boolean! = true
    "Names the fragment in the response."
    label: String
  ) on FRAGMENT_SPREAD | INLINE_FRAGMENT

  "Lets the gateway send items of a list after the rest of the result."
  directive @stream(
    "Whether items may come later."
    if: Boolean! = true
    "Names the list in the response."
    label: String
    "How many items come with what is around the list."
    initialCount: Int! = 0
  ) on FIELD
`).definitions as DirectiveDefinitionNode[];
const INCREMENTAL_NAMES = new Set(INCREMENTAL.map(({ name }) => name.value));

/**
 * Builds the schema that clients see: the supergraph without the internals of its specifications and without
 * `@inaccessible` elements.
 * @param hasDefer whether clients may use `@defer` and `@stream`
 * @see https://specs.apollo.dev/inaccessible/v0.2/
 */
export function* buildPublicSchema(supergraph: DocumentNode, hasDefer = false): Steps<GraphQLSchema> {
  const document = yield* withSpecificationNames(supergraph);
  const hidden = new Set<string>();
  for (const definition of document.definitions) {
    if (
      isTypeDefinitionNode(definition) &&
      (isFederationInternal(definition.name.value) || hasDirective(definition, INACCESSIBLE))
    ) {
      hidden.add(definition.name.value);
    }
  }
  const shown: DefinitionNode[] = hasDefer ? [...INCREMENTAL] : [];
  for (const definition of document.definitions) {
    yield;
    if (!isPublicDefinition(definition, hidden) || (hasDefer && isIncremental(definition))) continue;
    const visible: DefinitionNode | null = visit(definition, {
      enter: (node, _key, parent) => (isShown(node, parent, hidden) ? undefined : null),
    });
    if (visible) shown.push(visible);
  }
  return yield* buildSchemaInSteps(shown);
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

/** A definition of subgraphs gives way to the gateway's own. */
function isIncremental(definition: DefinitionNode): boolean {
  return definition.kind === Kind.DIRECTIVE_DEFINITION && INCREMENTAL_NAMES.has(definition.name.value);
}

function isPublicDirective(node: DirectiveDefinitionNode): boolean {
  return !isFederationInternal(node.name.value) && node.locations.some((location) => EXECUTABLE.test(location.value));
}
