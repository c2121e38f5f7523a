import type { GraphQLArgument, GraphQLField } from 'graphql';
import { coerceDefault, InputCoercion } from '../../operation/coerce-input.ts';
import type { OpField } from '../../operation/operation.ts';
import { literalValue } from '../../shared/literal-value.ts';
import type { Arguments } from './keys.ts';

/**
 * Reads the arguments of a field as its resolver would receive them: coerced by their types, with the defaults of arguments and of
 * input object fields. Literals, variables and defaults with the same value are read as the same value.
 *
 * @param definition the field in the schema; with `undefined`, arguments are read as written
 * @see https://spec.graphql.org/October2021/#CoerceArgumentValues()
 */
export function argumentsOf(
  { args }: Pick<OpField, 'args'>,
  definition: GraphQLField<unknown, unknown> | undefined,
  variables: Readonly<Record<string, unknown>>,
): Arguments {
  return {
    value(name) {
      const written = args.find((argument) => argument.name.value === name)?.value;
      const argument = definition?.args.find((one) => one.name === name);
      const value = written && literalValue(written, variables);
      if (argument === undefined) return value;
      if (value === undefined) return defaultOf(argument);
      return new InputCoercion({ maxErrors: 1 }).coerce(value, argument.type);
    },
  };
}

function defaultOf({ astNode, type, defaultValue }: GraphQLArgument): unknown {
  return astNode?.defaultValue ? coerceDefault(astNode.defaultValue, type) : defaultValue;
}
