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

/** Errors reported for the variables of one request. */
const MOST_VARIABLE_ERRORS = 20;
const NO_VARIABLES = { coerced: {} };

/**
 * Coerces the variables of a request, within the limits for them. Refused with `BAD_USER_INPUT`, or the code of a limit.
 * @see https://spec.graphql.org/October2021/#sec-Coercing-Variable-Values
 */
export function coerceRequestVariables(
  schema: GraphQLSchema,
  { conditions }: ClientDocument,
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
    maxErrors: MOST_VARIABLE_ERRORS,
    hideSuggestions,
  });
  if (coerced) {
    // with a default such a variable may be nullable, and still be null
    const undecided = conditions.filter((name) => coerced[name] === null);
    if (undecided.length === 0) return { coerced };
    return { refusal: 'variables', errors: undecided.map(undecidedCondition) };
  }
  const located = new LocatedDocument(query);
  const nodes = getOperationAST(located.document, operation.name?.value)?.variableDefinitions ?? definitions;
  const withLocation = ({ definition, message }: VariableError) =>
    located.format(new GraphQLError(message, { nodes: nodes[definition] ?? null }), 'BAD_USER_INPUT');
  return { refusal: 'variables', errors: errors.map(withLocation) };
}

function undecidedCondition(name: string): GraphQLFormattedError {
  const message = `Variable "$${name}" is null; @skip and @include need true or false.`;
  return { message, extensions: { code: 'BAD_USER_INPUT' } };
}
