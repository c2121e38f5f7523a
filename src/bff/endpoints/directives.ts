import type { ConstDirectiveNode, DirectiveNode, DocumentNode, ValueNode } from 'graphql';
import {
  extendSchema,
  GraphQLError,
  GraphQLSchema,
  isScalarType,
  Kind,
  parse,
  specifiedScalarTypes,
  valueFromASTUntyped,
  visit,
} from 'graphql';
import { parseDuration } from '../../config/duration.ts';
import { literalValue } from '../../shared/literal-value.ts';
import { checkFormats } from './scalar-format.ts';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** What endpoint documents may say beside GraphQL. Types have a prefix until it is known which names are free. */
const DEFINITIONS = /* GraphQL */ `
  directive @endpoint(
    path: String
    method: HttpMethod
    "The status of a good answer."
    status: Int
    cache: EndpointCache
    auth: EndpointAuth
    idempotency: EndpointIdempotency
  ) on QUERY | MUTATION
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
    "Request headers that the answer depends on."
    vary: [String!]
    "Names to purge by: user-{userId} takes the value of the variable."
    tags: [String!]
  }
  input EndpointAuth {
    required: Boolean
    "Kinds of credentials: jwt, api_key, opaque, certificate, session."
    kinds: [String!]
    "All of them are needed."
    scopes: [String!]
  }
  input EndpointIdempotency {
    required: Boolean
    "How long an answer is kept for repetition."
    window: EndpointDuration
  }
`;

const NAMES: ReadonlySet<string> = new Set(['endpoint', 'optional', 'flatten', 'from', 'range']);

/**
 * The schema that endpoint documents are written against: the public one plus the directives above. A directive of the
 * same name in the public schema is hidden by ours, and our types step aside for types of the same name.
 */
export function withEndpointDirectives(schema: GraphQLSchema): GraphQLSchema {
  // A variable of a scalar that the schema does not use would go through validation unchecked.
  const scalars = specifiedScalarTypes.filter((scalar) => schema.getType(scalar.name) === undefined);
  const config = schema.toConfig();
  const base = new GraphQLSchema({
    ...config,
    types: [...config.types, ...scalars],
    directives: config.directives.filter((directive) => !NAMES.has(directive.name)),
    assumeValid: true,
  });
  const extended = extendSchema(base, definitionsFor(schema), { assumeValid: true });
  for (const type of Object.values(extended.getTypeMap())) {
    if (isScalarType(type) && type.name.startsWith('EndpointDuration')) {
      type.parseLiteral = checkDuration;
    }
  }
  checkFormats(extended);
  return extended;
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

/** Throws `GraphQLError` at what is neither a whole number of seconds nor a text such as `"300ms"`. */
function checkDuration(node: ValueNode): number {
  const value: unknown = valueFromASTUntyped(node);
  const milliseconds = durationOf(value);
  if (milliseconds !== undefined) return milliseconds;
  const message = `${JSON.stringify(value)} is no duration; write a text such as "300ms", "30s" or "1h", or whole seconds.`;
  throw new GraphQLError(message, { nodes: node });
}

/** Milliseconds of a duration as documents have it; `undefined` where there is none. */
export function durationOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value * 1000 : undefined;
  return typeof value === 'string' ? parseDuration(value) : undefined;
}

/** The document as the engine gets it: without the directives that are for the gateway alone. */
export function withoutEndpointDirectives(document: DocumentNode): DocumentNode {
  return visit(document, { Directive: (node) => (NAMES.has(node.name.value) ? null : undefined) });
}

/** Uses of variables in arguments of the gateway's directives, which are read once, when the file is loaded. */
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

export function directiveNamed(
  node: { readonly directives?: readonly DirectiveNode[] | undefined },
  name: string,
): ConstDirectiveNode | undefined {
  return node.directives?.find((directive) => directive.name.value === name) as ConstDirectiveNode | undefined;
}

/** The argument as a JSON value; `undefined` when it is not given or null. */
export function argumentOf(directive: ConstDirectiveNode | undefined, name: string): unknown {
  const value = directive?.arguments?.find((argument) => argument.name.value === name)?.value;
  return value === undefined || value.kind === Kind.NULL ? undefined : valueFromASTUntyped(value);
}

/** The same with the digits of its numbers, for what is not a setting but data. */
export function jsonArgumentOf(directive: ConstDirectiveNode | undefined, name: string): unknown {
  const value = directive?.arguments?.find((argument) => argument.name.value === name)?.value;
  return value === undefined || value.kind === Kind.NULL ? undefined : literalValue(value);
}

/** The argument as an object of settings; empty when it is not given. */
export function settingsOf(directive: ConstDirectiveNode | undefined, name: string): Readonly<Record<string, unknown>> {
  const value = argumentOf(directive, name);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
