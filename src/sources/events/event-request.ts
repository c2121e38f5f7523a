import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputObjectType,
  isListType,
  isNamedType,
  isNonNullType,
  isObjectType,
  Kind,
  parse,
} from 'graphql';
import { isNumber, parseJson } from '../../shared/exact-json.ts';
import { literalValue } from '../../shared/literal-value.ts';
import type { SourceRequest } from '../source.ts';

/** A request of a plan to a subgraph of events. */
export interface EventRequest {
  readonly fields: readonly FieldNode[];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Reads the body of a request, which the executor has written. */
export function readEventRequest({ body }: Pick<SourceRequest, 'body'>): EventRequest {
  const { query, variables } = parseJson(body) as {
    readonly query: string;
    readonly variables?: Readonly<Record<string, unknown>>;
  };
  const fragments = new Map<string, FragmentDefinitionNode>();
  const fields: FieldNode[] = [];
  for (const definition of parse(query, { noLocation: true }).definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    fields.push(...definition.selectionSet.selections.filter((node) => node.kind === Kind.FIELD));
  }
  return { fields, fragments, variables: variables ?? {} };
}

/** Returns the key of a field in the result. */
export function responseKey({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}

/**
 * Returns the values of a root field's arguments, with defaults: numbers with all digits, ids as strings.
 * @param schema the public schema
 */
export function argumentsOf(
  { name, arguments: given = [] }: FieldNode,
  operation: 'subscription' | 'mutation',
  { variables }: EventRequest,
  schema: GraphQLSchema,
): Record<string, unknown> {
  const root = operation === 'mutation' ? schema.getMutationType() : schema.getSubscriptionType();
  const known = isObjectType(root) ? (root.getFields()[name.value]?.args ?? []) : [];
  const values: Record<string, unknown> = Object.create(null);
  for (const argument of given) {
    const value = literalValue(argument.value, variables);
    if (value !== undefined) values[argument.name.value] = value;
  }
  return withTypes(values, known);
}

interface Member {
  readonly name: string;
  readonly type: GraphQLInputType;
  readonly defaultValue?: unknown;
}

function withTypes(values: Readonly<Record<string, unknown>>, members: readonly Member[]): Record<string, unknown> {
  const all: Record<string, unknown> = Object.create(null);
  for (const { name, type, defaultValue } of members) {
    const value = Object.hasOwn(values, name) ? values[name] : defaultValue;
    if (value !== undefined) all[name] = withType(value, type);
  }
  return all;
}

function withType(value: unknown, type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return withType(value, type.ofType);
  if (value === null) return null;
  if (isListType(type)) return (Array.isArray(value) ? value : [value]).map((item) => withType(item, type.ofType));
  if (isInputObjectType(type) && typeof value === 'object')
    return withTypes(value as Readonly<Record<string, unknown>>, Object.values(type.getFields()));
  return isNamedType(type) && type.name === 'ID' && isNumber(value) ? String(value) : value;
}
