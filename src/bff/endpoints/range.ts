import type { ConstDirectiveNode, GraphQLInputType, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { GraphQLFloat, GraphQLInt, getNamedType, isListType, isNonNullType, typeFromAST } from 'graphql';
import type { Problem } from '../../config/problem.ts';
import { compareNumbers, type ExactNumber, isNumber } from '../../shared/exact-json.ts';
import { literalValue } from '../../shared/literal-value.ts';
import { directiveNamed, jsonArgumentOf } from './directives.ts';
import { problemAt } from './problem-at.ts';

/** A range of numbers, including both bounds. */
export interface Range {
  readonly min?: number | ExactNumber;
  readonly max?: number | ExactNumber;
}

/** Returns the range of `@range`; `undefined` where it has no bound. */
export function rangeOf(directive: ConstDirectiveNode | undefined): Range | undefined {
  const [min, max] = ['min', 'max'].map((name) => jsonArgumentOf(directive, name));
  if (!isNumber(min) && !isNumber(max)) return undefined;
  return { ...(isNumber(min) && { min }), ...(isNumber(max) && { max }) };
}

/** Returns whether a number, or each number of a list, is within a range. Other values are always within. */
export function isWithin(value: unknown, range: Range): boolean {
  if (Array.isArray(value)) return value.every((item) => isWithin(item, range));
  if (!isNumber(value)) return true;
  const { min = value, max = value } = range;
  return compareNumbers(value, min) >= 0 && compareNumbers(value, max) <= 0;
}

/** Describes a range: `from 1 to 50`, `of 1 or more`, `of 50 or less`. */
export function rangeText({ min, max }: Range): string {
  if (min === undefined) return `of ${max} or less`;
  return max === undefined ? `of ${min} or more` : `from ${min} to ${max}`;
}

/** Checks that `@range` is on a number, is not empty, and contains the default. */
export function checkRanges(file: string, operation: OperationDefinitionNode, schema: GraphQLSchema): Problem[] {
  return (operation.variableDefinitions ?? []).flatMap((definition) => {
    const directive = directiveNamed(definition, 'range');
    if (directive === undefined) return [];
    const name = definition.variable.name.value;
    const problem = (message: string, hint: string) => [problemAt(file, directive, 'ENDPOINT_RANGE', message, hint)];
    const range = rangeOf(directive);
    if (range === undefined)
      return problem(`@range on $${name} has no bound.`, 'Write @range(min: 1, max: 50), or one of both.');
    const type = typeFromAST(schema, definition.type);
    if (!isNumeric(type as GraphQLInputType))
      return problem(`@range is on $${name}, which is not a number.`, 'Use it on Int and Float, or on lists of these.');
    const { min, max } = range;
    if (min !== undefined && max !== undefined && compareNumbers(min, max) > 0)
      return problem(`@range on $${name} is empty: ${rangeText(range)}.`, 'Change "min" or "max".');
    const byDefault = definition.defaultValue && literalValue(definition.defaultValue);
    if (byDefault === undefined || isWithin(byDefault, range)) return [];
    return problem(`The default of $${name} is not within @range.`, `Use a default ${rangeText(range)}.`);
  });
}

function isNumeric(type: GraphQLInputType): boolean {
  const inner = isNonNullType(type) ? type.ofType : type;
  if (isListType(inner)) return isNumeric(inner.ofType);
  const named = getNamedType(inner);
  return named === GraphQLInt || named === GraphQLFloat;
}
