import type { ConstDirectiveNode, DirectiveNode, DocumentNode } from 'graphql';
import {
  DirectiveLocation,
  GraphQLDirective,
  GraphQLEnumType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  Kind,
  specifiedScalarTypes,
  valueFromASTUntyped,
  visit,
} from 'graphql';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

const NAMES = new Set(['endpoint', 'optional', 'flatten']);

/**
 * The schema that endpoint documents are written against: the public one plus
 *
 *     directive @endpoint(path: String, method: HttpMethod) on QUERY | MUTATION
 *     directive @optional(fallback: EndpointJSON) on FIELD
 *     directive @flatten on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
 *
 * A directive of the same name in the public schema is hidden by ours.
 */
export function withEndpointDirectives(schema: GraphQLSchema): GraphQLSchema {
  const method = new GraphQLEnumType({
    name: freeName(schema, 'HttpMethod'),
    values: Object.fromEntries(METHODS.map((name) => [name, {}])),
  });
  const json = new GraphQLScalarType({ name: freeName(schema, 'EndpointJSON') });
  // A variable of a scalar that the schema does not use would go through validation unchecked.
  const scalars = specifiedScalarTypes.filter((scalar) => schema.getType(scalar.name) === undefined);
  const config = schema.toConfig();
  return new GraphQLSchema({
    ...config,
    types: [...config.types, ...scalars, method, json],
    directives: [
      ...config.directives.filter((directive) => !NAMES.has(directive.name)),
      new GraphQLDirective({
        name: 'endpoint',
        locations: [DirectiveLocation.QUERY, DirectiveLocation.MUTATION],
        args: { path: { type: GraphQLString }, method: { type: method } },
      }),
      new GraphQLDirective({
        name: 'optional',
        locations: [DirectiveLocation.FIELD],
        args: { fallback: { type: json } },
      }),
      new GraphQLDirective({
        name: 'flatten',
        locations: [DirectiveLocation.FIELD, DirectiveLocation.FRAGMENT_SPREAD, DirectiveLocation.INLINE_FRAGMENT],
      }),
    ],
  });
}

function freeName(schema: GraphQLSchema, name: string): string {
  return schema.getType(name) === undefined ? name : freeName(schema, `${name}_`);
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
