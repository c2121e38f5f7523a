import {
  type GraphQLInputType,
  type GraphQLSchema,
  isInputType,
  isNonNullType,
  print,
  typeFromAST,
  type VariableDefinitionNode,
} from 'graphql';
import { literalValue } from '../shared/literal-value.ts';
import { InputCoercion, type InputCoercionOptions, type InputError } from './coerce-input.ts';
import { printValue, shorten } from './print-value.ts';

/** An error in the value of one variable. */
export interface VariableError {
  /** The index of the variable definition, from 0. */
  readonly definition: number;
  readonly message: string;
}

/** The coerced values, or the errors. */
export type CoercedVariables =
  | { readonly coerced: Record<string, unknown>; readonly errors?: undefined }
  | { readonly errors: readonly VariableError[]; readonly coerced?: undefined };

/**
 * Coerces the variables of a request to the types that the operation declares, in time linear in the size of the
 * values. Errors have the wording of graphql-js. After `maxErrors` of them, one more reports the limit, and reading
 * stops.
 *
 * In:  `($first: Int = 10, $id: ID!)` and `{ id: 7 }`
 * Out: `{ coerced: { first: 10, id: '7' } }`
 *
 * @see https://spec.graphql.org/October2021/#sec-Coercing-Variable-Values
 */
export function coerceVariables(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
  given: Readonly<Record<string, unknown>>,
  options: InputCoercionOptions,
): CoercedVariables {
  const coerced: Record<string, unknown> = {};
  const errors = new VariableErrors(options.maxErrors);
  let coercion: InputCoercion | undefined;
  for (let i = 0; i < definitions.length && !errors.isFull; i++) {
    const node = definitions[i] as VariableDefinitionNode;
    const { defaultValue } = node;
    const name = node.variable.name.value;
    const isGiven = Object.hasOwn(given, name);
    const type = typeFromAST(schema, node.type as Parameters<typeof typeFromAST>[1]) as GraphQLInputType | undefined;
    if (!isInputType(type)) {
      const text = shorten(print(node.type));
      errors.add(i, name, ` expected value of type "${text}" which cannot be used as an input type.`);
    } else if (!isGiven && defaultValue === undefined) {
      if (isNonNullType(type)) errors.add(i, name, ` of required type "${type}" was not provided.`);
    } else if (given[name] === null && isNonNullType(type)) {
      errors.add(i, name, ` of non-null type "${type}" must not be null.`);
    } else {
      coercion ??= new InputCoercion({ ...options, maxErrors: options.maxErrors + 1 });
      const before = coercion.errors.length;
      const value = isGiven || !defaultValue ? given[name] : literalValue(defaultValue);
      coerced[name] = coercion.coerce(value, type);
      for (let j = before; j < coercion.errors.length; j++)
        errors.addInvalid(i, name, coercion.errors[j] as InputError);
    }
  }
  return errors.list.length > 0 ? { errors: errors.list } : { coerced };
}

class VariableErrors {
  readonly list: VariableError[] = [];
  isFull = false;
  private readonly max: number;
  /** Printed values: an object with many errors is printed once. */
  private readonly printed = new Map<unknown, string>();

  constructor(max: number) {
    this.max = max;
  }

  add(definition: number, name: string, what: string): void {
    if (this.isFull) return;
    this.isFull = this.list.length >= this.max;
    this.list.push({ definition, message: this.isFull ? TOO_MANY : `Variable "$${shorten(name)}"${what}` });
  }

  addInvalid(definition: number, name: string, { path, value, message }: InputError): void {
    let text = this.printed.get(value);
    if (text === undefined) {
      text = value === undefined ? 'an invalid value' : `invalid value ${printValue(value)}`;
      this.printed.set(value, text);
    }
    const at = path.length > 0 ? ` at "${shorten(name)}${printPath(path)}"` : '';
    this.add(definition, name, ` got ${text}${at}; ${message}`);
  }
}

const TOO_MANY = 'Too many errors processing variables, error limit reached. Execution aborted.';

function printPath(path: readonly (string | number)[]): string {
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
}
