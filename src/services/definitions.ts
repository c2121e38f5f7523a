import {
  buildASTSchema,
  type ConstDirectiveNode,
  type DocumentNode,
  GraphQLError as Failure,
  type GraphQLError,
  getDirectiveValues,
  Kind,
  parse,
  visit,
} from 'graphql';
import { validateSDL } from 'graphql/validation/validate.js';
import { useOf } from './arguments.ts';

/** Directives that describe a service; they are removed before composition. */
const SERVICE_DEFINITIONS = /* GraphQL */ `
  directive @service(url: String!, prefix: String) on SCHEMA
  directive @merge(keyField: String, keyArg: String, key: [String!], argsExpr: String, additionalArgs: String, public: Boolean = false) on FIELD_DEFINITION
  directive @computed(selectionSet: String!) on FIELD_DEFINITION
  directive @canonical on OBJECT | INTERFACE | INPUT_OBJECT | UNION | ENUM | SCALAR | FIELD_DEFINITION | INPUT_FIELD_DEFINITION
  directive @rename(to: String!) on OBJECT | INTERFACE | INPUT_OBJECT | UNION | ENUM | SCALAR | FIELD_DEFINITION
`;

/** Federation directives that a service's file may use; `@key` also in the notation of schema stitching. */
const FEDERATION_DEFINITIONS = /* GraphQL */ `
  directive @key(fields: String, selectionSet: String, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE
  directive @shareable repeatable on OBJECT | FIELD_DEFINITION
  directive @external(reason: String) on OBJECT | FIELD_DEFINITION
  directive @override(from: String!, label: String) on FIELD_DEFINITION
  directive @inaccessible on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION
  directive @tag(name: String!) repeatable on FIELD_DEFINITION | INTERFACE | OBJECT | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION | SCHEMA
  directive @authenticated on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
  directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
  directive @policy(policies: [[String!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
  directive @cost(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
  directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
  directive @link(url: String!, as: String, import: [headgate__Import], for: headgate__Purpose) repeatable on SCHEMA
  scalar headgate__Import
  enum headgate__Purpose { SECURITY EXECUTION }
`;

const DEFINITIONS = parse(SERVICE_DEFINITIONS + FEDERATION_DEFINITIONS, { noLocation: true });
const SCHEMA = buildASTSchema(DEFINITIONS);

const SERVICE_DIRECTIVES = namesIn(SERVICE_DEFINITIONS);
/** Names of federation's directives that a service's file may use. */
export const FEDERATION_DIRECTIVES: ReadonlySet<string> = namesIn(FEDERATION_DEFINITIONS);

function namesIn(sdl: string): Set<string> {
  return new Set(
    parse(sdl).definitions.flatMap((node) => (node.kind === Kind.DIRECTIVE_DEFINITION ? [node.name.value] : [])),
  );
}

/** Removes definitions of these directives: services for schema stitching define them themselves. */
export function withoutOwnDefinitions(document: DocumentNode): DocumentNode {
  const definitions = document.definitions.filter(
    (node) =>
      node.kind !== Kind.DIRECTIVE_DEFINITION ||
      !(SERVICE_DIRECTIVES.has(node.name.value) || FEDERATION_DIRECTIVES.has(node.name.value)),
  );
  return { ...document, definitions };
}

/** Removes the directives for the gateway, so that the document is the service's own schema. */
export function withoutDirectives(document: DocumentNode, drop = isForGateway): DocumentNode {
  return visit(document, {
    Directive: (node) => (drop(node.name.value) ? null : undefined),
    SchemaExtension: { leave: (node) => (node.directives?.length || node.operationTypes?.length ? undefined : null) },
  });
}

function isForGateway(name: string): boolean {
  return SERVICE_DIRECTIVES.has(name) || FEDERATION_DIRECTIVES.has(name);
}

/** Returns the validation errors of the document, and of the arguments of its directives. */
export function sdlErrors(document: DocumentNode): readonly GraphQLError[] {
  const complete = { ...document, definitions: [...DEFINITIONS.definitions, ...document.definitions] };
  const errors = validateSDL(complete);
  return errors.length > 0 ? errors : valueErrors(document);
}

function valueErrors(document: DocumentNode): GraphQLError[] {
  const errors: GraphQLError[] = [];
  visit(document, {
    Directive(node) {
      const definition = SCHEMA.getDirective(node.name.value);
      if (!definition) return;
      try {
        getDirectiveValues(definition, { directives: [node] });
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        errors.push(error);
      }
    },
  });
  return errors;
}

/** Returns all uses of `@service` in a file. */
export function serviceUses(document: DocumentNode): ConstDirectiveNode[] {
  return document.definitions.flatMap((node) => {
    if (node.kind !== Kind.SCHEMA_DEFINITION && node.kind !== Kind.SCHEMA_EXTENSION) return [];
    return useOf(node, 'service') ? (node.directives ?? []).filter(({ name }) => name.value === 'service') : [];
  });
}
