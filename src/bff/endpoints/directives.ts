import type {
  ConstDirectiveNode,
  DefinitionNode,
  DirectiveNode,
  DocumentNode,
  GraphQLNamedType,
  GraphQLSchema,
  ValueNode,
} from 'graphql';
import {
  GraphQLDirective,
  GraphQLError,
  isIntrospectionType,
  isScalarType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  Kind,
  parse,
  printSchema,
  specifiedScalarTypes,
  valueFromASTUntyped,
  visit,
} from 'graphql';
import { parseDuration } from '../../config/duration.ts';
import { buildSchemaInSteps } from '../../shared/build-schema.ts';
import { literalValue } from '../../shared/literal-value.ts';
import type { Steps } from '../../shared/steps.ts';
import { checkFormats } from './scalar-format.ts';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** Directives of endpoint documents. `definitionsFor` renames types whose names the schema uses. */
const DEFINITIONS = /* GraphQL */ `
  directive @endpoint(
    path: String
    method: HttpMethod
    "HTTP status of a successful response."
    status: Int
    cache: EndpointCache
    auth: EndpointAuth
    idempotency: EndpointIdempotency
  ) on QUERY | MUTATION | SUBSCRIPTION
  directive @optional(fallback: EndpointJSON, timeout: EndpointDuration) on FIELD
  directive @flatten on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
  directive @from(query: String, header: String, claim: String) on VARIABLE_DEFINITION
  directive @range(min: Float, max: Float) on VARIABLE_DEFINITION

  enum HttpMethod { GET POST PUT PATCH DELETE }
  enum EndpointCacheScope { PUBLIC PRIVATE }
  scalar EndpointJSON
  scalar EndpointDuration
  input EndpointCache {
    maxAge: EndpointDuration
    sMaxAge: EndpointDuration
    scope: EndpointCacheScope
    staleWhileRevalidate: EndpointDuration
    staleIfError: EndpointDuration
    "Request headers that the response depends on."
    vary: [String!]
    "Tags to purge by: user-{userId} contains the value of the variable."
    tags: [String!]
  }
  input EndpointAuth {
    required: Boolean
    "Kinds of credentials: jwt, api_key, opaque, certificate, session."
    kinds: [String!]
    "Required scopes, all of them."
    scopes: [String!]
  }
  input EndpointIdempotency {
    required: Boolean
    "How long a response is stored for retries."
    window: EndpointDuration
  }
`;

const NAMES: ReadonlySet<string> = new Set(['endpoint', 'optional', 'flatten', 'from', 'range']);

/** In the schema, because variables of a scalar that it does not use are validated, too. */
const SCALARS = parse(specifiedScalarTypes.map(({ name }) => `scalar ${name}`).join(' ')).definitions;

/**
 * Returns the schema that endpoint documents are validated against: a copy of the public schema with the directives above. They
 * replace directives of the same names in the public schema. Their types are renamed where the names are taken.
 */
export function* withEndpointDirectives(schema: GraphQLSchema): Steps<GraphQLSchema> {
  const own = definitionsOf(schema).filter(
    (node) => !(node.kind === Kind.DIRECTIVE_DEFINITION && NAMES.has(node.name.value)),
  );
  yield;
  const extended = yield* buildSchemaInSteps([...own, ...SCALARS, ...definitionsFor(schema).definitions]);
  for (const type of Object.values(extended.getTypeMap())) {
    if (isScalarType(type) && type.name.startsWith('EndpointDuration')) {
      type.parseLiteral = checkDuration;
    }
  }
  checkFormats(extended);
  yield;
  return extended;
}

/** Returns the definitions that a schema was built from. */
function definitionsOf(schema: GraphQLSchema): readonly DefinitionNode[] {
  // an endpoint has sections in place of `@defer`
  const directives = schema.getDirectives().filter(({ name }) => name !== 'defer');
  const own = [...Object.values(schema.getTypeMap()), ...directives].filter((type) => !isBuiltIn(type));
  const nodes = [schema, ...own].flatMap(({ astNode }) => astNode ?? []);
  // a schema of another origin than SDL has none
  return nodes.length >= own.length ? nodes : parse(printSchema(schema), { noLocation: true }).definitions;
}

function isBuiltIn(type: GraphQLNamedType | GraphQLDirective): boolean {
  if (type instanceof GraphQLDirective) return isSpecifiedDirective(type);
  return isSpecifiedScalarType(type) || isIntrospectionType(type);
}

function definitionsFor(schema: GraphQLSchema): DocumentNode {
  return visit(parse(DEFINITIONS), {
    Name: (node) => {
      const free = /^(?:Endpoint|HttpMethod)/.test(node.value) ? freeName(schema, node.value) : node.value;
      return free === node.value ? undefined : { ...node, value: free };
    },
  });
}

function freeName(schema: GraphQLSchema, name: string): string {
  return schema.getType(name) === undefined ? name : freeName(schema, `${name}_`);
}

/** Reads a duration in milliseconds. Throws `GraphQLError` unless it is whole seconds or a string such as `"300ms"`. */
function checkDuration(node: ValueNode): number {
  const value: unknown = valueFromASTUntyped(node);
  const milliseconds = durationOf(value);
  if (milliseconds !== undefined) return milliseconds;
  const message = `${JSON.stringify(value)} is not a duration. Use a string such as "300ms", "30s" or "1h", or whole seconds.`;
  throw new GraphQLError(message, { nodes: node });
}

/** Returns the milliseconds of a duration in a document; `undefined` where it is not a duration. */
export function durationOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value * 1000 : undefined;
  return typeof value === 'string' ? parseDuration(value) : undefined;
}

/** Returns the document for the engine: without the directives of endpoints. */
export function withoutEndpointDirectives(document: DocumentNode): DocumentNode {
  return visit(document, { Directive: (node) => (NAMES.has(node.name.value) ? null : undefined) });
}

/** Returns endpoint directives that use variables. Their arguments are read once, when the file is loaded. */
export function variablesInEndpointDirectives(document: DocumentNode): DirectiveNode[] {
  const found: DirectiveNode[] = [];
  visit(document, {
    Directive(node) {
      if (!NAMES.has(node.name.value)) return;
      visit(node, { Variable: () => void found.push(node) });
    },
  });
  return found;
}

/** Returns the first directive with this name. */
export function directiveNamed(
  node: { readonly directives?: readonly DirectiveNode[] | undefined },
  name: string,
): ConstDirectiveNode | undefined {
  return node.directives?.find((directive) => directive.name.value === name) as ConstDirectiveNode | undefined;
}

/** Returns an argument as a JSON value; `undefined` where it is missing or null. */
export function argumentOf(directive: ConstDirectiveNode | undefined, name: string): unknown {
  const value = directive?.arguments?.find((argument) => argument.name.value === name)?.value;
  return value === undefined || value.kind === Kind.NULL ? undefined : valueFromASTUntyped(value);
}

/** Returns an argument as a JSON value with exact numbers, for data rather than settings. */
export function jsonArgumentOf(directive: ConstDirectiveNode | undefined, name: string): unknown {
  const value = directive?.arguments?.find((argument) => argument.name.value === name)?.value;
  return value === undefined || value.kind === Kind.NULL ? undefined : literalValue(value);
}

/** Returns an argument as an object of settings; empty where it is missing. */
export function settingsOf(directive: ConstDirectiveNode | undefined, name: string): Readonly<Record<string, unknown>> {
  const value = argumentOf(directive, name);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
