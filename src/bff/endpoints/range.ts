import type { ConstDirectiveNode, GraphQLInputType, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { GraphQLFloat, GraphQLInt, getNamedType, isListType, isNonNullType, typeFromAST } from 'graphql';
import type { Problem } from '../../config/problem.ts';
import { compareNumbers, type ExactNumber, isNumber } from '../../shared/exact-json.ts';
import { literalValue } from '../../shared/literal-value.ts';
import { directiveNamed, jsonArgumentOf } from './directives.ts';
import { problemAt } from './problem-at.ts';

/** What a number may be, both ends included. */
export interface Range {
  readonly min?: number | ExactNumber;
  readonly max?: number | ExactNumber;
}

/** What `@range` says. */
export function rangeOf(directive: ConstDirectiveNode | undefined): Range | undefined {
  const [min, max] = ['min', 'max'].map((name) => jsonArgumentOf(directive, name));
  if (!isNumber(min) && !isNumber(max)) return undefined;
  return { ...(isNumber(min) && { min }), ...(isNumber(max) && { max }) };
}

/** Whether a number, or each number of a list, is within; everything else is not of the kind that has a range. */
export function isWithin(value: unknown, range: Range): boolean {
  if (Array.isArray(value)) return value.every((item) => isWithin(item, range));
  if (!isNumber(value)) return true;
  const { min = value, max = value } = range;
  return compareNumbers(value, min) >= 0 && compareNumbers(value, max) <= 0;
}

/** `from 1 to 50`, `of 1 or more`, `of 50 or less`. */
export function rangeText({ min, max }: Range): string {
  if (min === undefined) return `of ${max} or less`;
  return max === undefined ? `of ${min} or more` : `from ${min} to ${max}`;
}

/** `@range` must stand on numbers, and leave room for the default. */
export function checkRanges(file: string, operation: OperationDefinitionNode, schema: GraphQLSchema): Problem[] {
  return (operation.variableDefinitions ?? []).flatMap((definition) => {
    const directive = directiveNamed(definition, 'range');
    if (directive === undefined) return [];
    const name = definition.variable.name.value;
    const told = (message: string, hint: string) => [problemAt(file, directive, 'ENDPOINT_RANGE', message, hint)];
    const range = rangeOf(directive);
    if (range === undefined)
      return told(`@range on $${name} has no end.`, 'Write @range(min: 1, max: 50), or one of them.');
    const type = typeFromAST(schema, definition.type);
    if (!isNumeric(type as GraphQLInputType))
      return told(`@range stands on $${name}, which is no number.`, 'It is for Int and Float, and lists of these.');
    const { min, max } = range;
    if (min !== undefined && max !== undefined && compareNumbers(min, max) > 0)
      return told(`@range on $${name} leaves nothing: ${rangeText(range)}.`, 'Change "min" or "max".');
    const byDefault = definition.defaultValue && literalValue(definition.defaultValue);
    if (byDefault === undefined || isWithin(byDefault, range)) return [];
    return told(`The default of $${name} is not within @range.`, `Give it a number ${rangeText(range)}.`);
  });
}

function isNumeric(type: GraphQLInputType): boolean {
  const inner = isNonNullType(type) ? type.ofType : type;
  if (isListType(inner)) return isNumeric(inner.ofType);
  const named = getNamedType(inner);
  return named === GraphQLInt || named === GraphQLFloat;
}
