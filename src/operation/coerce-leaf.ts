import { type GraphQLEnumType, type GraphQLLeafType, isEnumType } from 'graphql';
import { ExactNumber, isNumber, numberText } from '../shared/exact-json.ts';
import { FILE_SCALARS, UploadedFile } from '../shared/uploads/uploaded-file.ts';
import { printValue, shorten } from './print-value.ts';

/** Thrown when a value is not valid for a scalar or an enum; the message is for the client. */
export class LeafError extends Error {
  /** An unknown enum value, for which another one can be suggested. */
  readonly unknownName: string | undefined;

  constructor(message: string, unknownName?: string) {
    super(message);
    this.name = 'LeafError';
    this.unknownName = unknownName;
  }
}

const MIN_INT = -2147483648;
const MAX_INT = 2147483647;

/**
 * Coerces a JSON value, not null, to a scalar or an enum. A custom scalar uses its own `parseValue`.
 * @throws {LeafError} when the value is not valid for the type
 * @see https://spec.graphql.org/October2021/#sec-Scalars.Input-Coercion
 */
export function coerceLeaf(type: GraphQLLeafType, value: unknown): unknown {
  if (isEnumType(type)) return coerceEnum(type, value);
  switch (type.name) {
    case 'String':
      if (typeof value === 'string') return value;
      throw new LeafError(`String cannot represent a non string value: ${printValue(value)}`);
    case 'ID':
      if (typeof value === 'string') return value;
      if (isWhole(value)) return idOf(value);
      throw new LeafError(`ID cannot represent value: ${printValue(value)}`);
    case 'Int':
      return coerceInt(value);
    case 'Float':
      if (isNumber(value) && Number.isFinite(Number(value))) return value;
      throw new LeafError(`Float cannot represent non numeric value: ${printValue(value)}`);
    case 'Boolean':
      if (typeof value === 'boolean') return value;
      throw new LeafError(`Boolean cannot represent a non boolean value: ${printValue(value)}`);
    default:
      return coerceCustom(type, value);
  }
}

function isWhole(value: unknown): value is number | ExactNumber {
  return isNumber(value) && Number.isInteger(Number(value));
}

/** Returns the text of a numeric id with all its digits, even those that a JavaScript number loses. */
function idOf(value: number | ExactNumber): string {
  return typeof value === 'number' ? String(value) : numberText(value);
}

function coerceInt(given: unknown): number {
  const value = given instanceof ExactNumber ? Number(given) : given;
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new LeafError(`Int cannot represent non-integer value: ${printValue(given)}`);
  if (value > MAX_INT || value < MIN_INT)
    throw new LeafError(`Int cannot represent non 32-bit signed integer value: ${given}`);
  return value;
}

function coerceEnum(type: GraphQLEnumType, value: unknown): unknown {
  if (typeof value !== 'string')
    throw new LeafError(`Enum "${type.name}" cannot represent non-string value: ${printValue(value)}.`);
  const known = type.getValue(value);
  if (known) return known.value;
  throw new LeafError(`Value "${shorten(value)}" does not exist in "${type.name}" enum.`, value);
}

function coerceCustom(type: GraphQLLeafType, value: unknown): unknown {
  if (value instanceof UploadedFile && !FILE_SCALARS.has(type.name))
    throw new LeafError(`${type.name} cannot represent a file; a file needs a variable of the scalar Upload.`);
  let parsed: unknown;
  try {
    parsed = type.parseValue(value);
  } catch (error) {
    throw new LeafError(`Expected type "${type.name}". ${error instanceof Error ? error.message : String(error)}`);
  }
  if (parsed === undefined) throw new LeafError(`Expected type "${type.name}".`);
  return parsed;
}
