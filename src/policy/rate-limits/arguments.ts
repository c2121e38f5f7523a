import { type GraphQLField, valueFromAST, valueFromASTUntyped } from 'graphql';
import type { OpField } from '../../operation/operation.ts';
import type { Arguments } from './keys.ts';

/**
 * Reads the arguments of a field as its resolver would get them: coerced by their types, with the defaults of the argument and
 * of the fields of input objects. What is written, what a variable gives and what a default gives are one value.
 *
 * @param definition the field in the schema; `undefined`: what is written counts
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
      if (argument === undefined) return written && valueFromASTUntyped(written, variables);
      const value = written && valueFromAST(written, argument.type, variables);
      return value === undefined ? argument.defaultValue : value;
    },
  };
}
