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

/** Directives that say what a service is; they are taken out before it is composed. */
const OF_SERVICES = /* GraphQL */ `
  directive @service(url: String!, prefix: String) on SCHEMA
  directive @merge(keyField: String, keyArg: String, key: [String!], argsExpr: String, additionalArgs: String, public: Boolean = false) on FIELD_DEFINITION
  directive @computed(selectionSet: String!) on FIELD_DEFINITION
  directive @canonical on OBJECT | INTERFACE | INPUT_OBJECT | UNION | ENUM | SCALAR | FIELD_DEFINITION | INPUT_FIELD_DEFINITION
  directive @rename(to: String!) on OBJECT | INTERFACE | INPUT_OBJECT | UNION | ENUM | SCALAR | FIELD_DEFINITION
`;

/** Federation's, so far as they make sense where the gateway answers for the service; `@key` also in stitching's form. */
const OF_FEDERATION = /* GraphQL */ `
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

const DEFINITIONS = parse(OF_SERVICES + OF_FEDERATION, { noLocation: true });
const SCHEMA = buildASTSchema(DEFINITIONS);

const OWN = namesIn(OF_SERVICES);
/** Names of federation's directives that a service's file may use. */
export const FEDERATION_DIRECTIVES: ReadonlySet<string> = namesIn(OF_FEDERATION);

function namesIn(sdl: string): Set<string> {
  return new Set(
    parse(sdl).definitions.flatMap((node) => (node.kind === Kind.DIRECTIVE_DEFINITION ? [node.name.value] : [])),
  );
}

/** Services that are made for stitching define its directives themselves. */
export function withoutOwnDefinitions(document: DocumentNode): DocumentNode {
  const definitions = document.definitions.filter(
    (node) =>
      node.kind !== Kind.DIRECTIVE_DEFINITION ||
      !(OWN.has(node.name.value) || FEDERATION_DIRECTIVES.has(node.name.value)),
  );
  return { ...document, definitions };
}

/** The document as a GraphQL server has it: without the directives that speak to the gateway. */
export function withoutDirectives(document: DocumentNode, drop = isForGateway): DocumentNode {
  return visit(document, {
    Directive: (node) => (drop(node.name.value) ? null : undefined),
    SchemaExtension: { leave: (node) => (node.directives?.length || node.operationTypes?.length ? undefined : null) },
  });
}

function isForGateway(name: string): boolean {
  return OWN.has(name) || FEDERATION_DIRECTIVES.has(name);
}

/** What is wrong with the document as SDL, and with the arguments of its directives. */
export function sdlErrors(document: DocumentNode): readonly GraphQLError[] {
  const whole = { ...document, definitions: [...DEFINITIONS.definitions, ...document.definitions] };
  const errors = validateSDL(whole);
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

/** The use of `@service` in the file and what follows it, if there is one. */
export function serviceUses(document: DocumentNode): ConstDirectiveNode[] {
  return document.definitions.flatMap((node) => {
    if (node.kind !== Kind.SCHEMA_DEFINITION && node.kind !== Kind.SCHEMA_EXTENSION) return [];
    return useOf(node, 'service') ? (node.directives ?? []).filter(({ name }) => name.value === 'service') : [];
  });
}
