import {
  type GraphQLArgument,
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  type GraphQLInputField,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLScalarType,
  type GraphQLSchema,
  GraphQLString,
  type GraphQLType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  Kind,
  valueFromAST,
} from 'graphql';
import { ExactNumber, numberOf, numberText, plainNumber } from './exact-json.ts';
import { literalValue } from './literal-value.ts';

/**
 * Makes a schema that graphql-js executes keep the digits of numbers, in results, variables and literals: its scalars take
 * and give `ExactNumber`s. The schema is changed in place; graphql-js' own scalars, which all schemas share, are not.
 */
export function keepDigits(schema: GraphQLSchema): GraphQLSchema {
  const types = schema.getTypeMap();
  for (const [name, type] of Object.entries(types)) if (EXACT.has(name)) types[name] = EXACT.get(name) ?? type;
  // variables may be of a type that nothing else in the schema has
  for (const [name, type] of EXACT) types[name] ??= type;
  const inputs: (GraphQLArgument | GraphQLInputField)[] = [];
  for (const type of Object.values(types)) {
    if (type.name.startsWith('__')) continue;
    if (isScalarType(type) && !isSpecifiedScalarType(type)) {
      type.parseLiteral = (node, variables) => type.parseValue(literalValue(node, variables));
    } else if (isInputObjectType(type)) {
      inputs.push(...Object.values(type.getFields()));
    } else if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        field.type = exact(field.type);
        inputs.push(...field.args);
      }
    }
  }
  for (const input of inputs) input.type = exact(input.type);
  // only now, for a default may be an object of any input type
  for (const input of inputs) readDefault(input);
  return schema;
}

/** Reads a default again: graphql-js has read it with its own scalars. */
function readDefault(input: GraphQLArgument | GraphQLInputField): void {
  const literal = input.astNode?.defaultValue;
  if (literal) input.defaultValue = valueFromAST(literal, input.type);
}

function exact<T extends GraphQLType>(type: T): T {
  if (isNonNullType(type)) return new GraphQLNonNull(exact(type.ofType)) as unknown as T;
  if (isListType(type)) return new GraphQLList(exact(type.ofType)) as unknown as T;
  return ((isScalarType(type) && EXACT.get(type.name)) || type) as T;
}

function plain(value: unknown): unknown {
  return value instanceof ExactNumber ? plainNumber(value) : value;
}

function rounded(value: unknown): unknown {
  return value instanceof ExactNumber ? Number(value) : value;
}

const Int = new GraphQLScalarType({
  ...GraphQLInt.toConfig(),
  serialize: (value) => GraphQLInt.serialize(plain(value)),
  parseValue: (value) => GraphQLInt.parseValue(rounded(value)),
});

const Float = new GraphQLScalarType<unknown>({
  ...GraphQLFloat.toConfig(),
  serialize: (value) => (isFloat(value) ? value : GraphQLFloat.serialize(rounded(value))),
  parseValue: (value) => (isFloat(value) ? value : GraphQLFloat.parseValue(rounded(value))),
  parseLiteral(node) {
    const value = node.kind === Kind.INT || node.kind === Kind.FLOAT ? numberOf(node.value) : undefined;
    return isFloat(value) ? value : GraphQLFloat.parseLiteral(node);
  },
});

/** Whether a value is an exact number that a `Float` may be. */
function isFloat(value: unknown): value is ExactNumber {
  return value instanceof ExactNumber && Number.isFinite(Number(value));
}

const ID = new GraphQLScalarType({
  ...GraphQLID.toConfig(),
  serialize: (value) => idOf(value) ?? GraphQLID.serialize(rounded(value)),
  parseValue: (value) => idOf(value) ?? GraphQLID.parseValue(rounded(value)),
});

/** Returns the id that an exact number is; `undefined` where it is no whole number. */
function idOf(value: unknown): string | undefined {
  if (!(value instanceof ExactNumber)) return undefined;
  const text = numberText(value);
  return /^-?\d+$/.test(text) ? text : undefined;
}

const Str = new GraphQLScalarType({
  ...GraphQLString.toConfig(),
  serialize: (value) => GraphQLString.serialize(value instanceof ExactNumber ? value.text : value),
  parseValue: (value) => GraphQLString.parseValue(rounded(value)),
});

const Bool = new GraphQLScalarType({
  ...GraphQLBoolean.toConfig(),
  serialize: (value) => GraphQLBoolean.serialize(rounded(value)),
  parseValue: (value) => GraphQLBoolean.parseValue(rounded(value)),
});

const EXACT: ReadonlyMap<string, GraphQLScalarType> = new Map(
  [Int, Float, ID, Str, Bool].map((type) => [type.name, type]),
);
