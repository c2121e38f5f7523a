import type { GraphQLFormattedError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { GraphQLError, getOperationAST } from 'graphql';
import { coerceVariables, type VariableError } from '../operation/coerce-variables.ts';
import type { ClientDocument } from './documents.ts';
import type { EngineOptions, EngineRequest } from './engine.ts';
import type { LimitRefusal } from './limits.ts';
import { LocatedDocument } from './located-document.ts';

interface RefusedVariables {
  readonly refusal: 'variables';
  readonly errors: readonly GraphQLFormattedError[];
}

/** The most errors that are reported for the variables of one request. */
const MAX_VARIABLE_ERRORS = 20;
const NO_VARIABLES = { coerced: {} };

/**
 * Coerces the variables of a request, within their limits. Refuses with `BAD_USER_INPUT`, or with the code of a
 * limit.
 * @see https://spec.graphql.org/October2021/#sec-Coercing-Variable-Values
 */
export function coerceRequestVariables(
  schema: GraphQLSchema,
  { conditions, initialCounts }: ClientDocument,
  operation: OperationDefinitionNode,
  { query, variables, areVariablesBounded }: EngineRequest,
  { limits, hideSuggestions }: Pick<EngineOptions, 'limits' | 'hideSuggestions'>,
): { coerced: Record<string, unknown> } | LimitRefusal | RefusedVariables {
  const definitions = operation.variableDefinitions ?? [];
  if (definitions.length === 0) return NO_VARIABLES;
  const values = variables ?? {};
  const excessive = limits?.variables?.(values, areVariablesBounded);
  if (excessive) return excessive;
  const { coerced, errors } = coerceVariables(schema, definitions, values, {
    maxErrors: MAX_VARIABLE_ERRORS,
    hideSuggestions,
  });
  if (coerced) {
    // a nullable variable with a default can still be null
    const nullConditions = conditions.filter((name) => coerced[name] === null);
    const wrongCounts = initialCounts.filter((name) => Object.hasOwn(coerced, name) && !isCount(coerced[name]));
    if (nullConditions.length === 0 && wrongCounts.length === 0) return { coerced };
    const ofCounts = wrongCounts.map((name) => wrongCount(name, coerced[name]));
    return { refusal: 'variables', errors: [...nullConditions.map(nullCondition), ...ofCounts] };
  }
  const located = new LocatedDocument(query);
  const nodes = getOperationAST(located.document, operation.name?.value)?.variableDefinitions ?? definitions;
  const withLocation = ({ definition, message }: VariableError) =>
    located.format(new GraphQLError(message, { nodes: nodes[definition] ?? null }), 'BAD_USER_INPUT');
  return { refusal: 'variables', errors: errors.map(withLocation) };
}

function nullCondition(name: string): GraphQLFormattedError {
  const message = `Variable "$${name}" is null, but the conditions of @skip, @include, @defer and @stream need true or false.`;
  return { message, extensions: { code: 'BAD_USER_INPUT' } };
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}

function wrongCount(name: string, value: unknown): GraphQLFormattedError {
  const message = `Variable "$${name}" is ${value}, but the initialCount of @stream needs 0 or more.`;
  return { message, extensions: { code: 'BAD_USER_INPUT' } };
}
