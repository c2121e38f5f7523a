import type { GraphQLNamedType } from 'graphql';
import { isEnumType } from 'graphql';
import { ExactNumber, numberText, plainNumber } from '../shared/exact-json.ts';
import { jsonText, quote, quoteValue } from './json-text.ts';

/** Writes a leaf value as JSON text; `undefined` where the value is not of its type. */
export type LeafWriter = (value: unknown) => string | undefined;

const MAX_INT = 2_147_483_647;
const MIN_INT = -2_147_483_648;

/**
 * Returns a writer with the result coercion of the built-in scalars and of enums; other scalars are written as
 * received.
 * @see https://spec.graphql.org/October2021/#sec-Scalars.Built-in-Scalars
 */
export function leafWriter(type: GraphQLNamedType | undefined): LeafWriter {
  if (isEnumType(type)) {
    const texts = new Map(type.getValues().map(({ name }) => [name, quote(name)]));
    return (value) => texts.get(value as string);
  }
  return BUILT_IN.get(type?.name ?? '') ?? jsonText;
}

const BUILT_IN: ReadonlyMap<string, LeafWriter> = new Map<string, LeafWriter>([
  ['String', writeString],
  ['ID', writeId],
  ['Int', writeInt],
  ['Float', writeFloat],
  ['Boolean', (value) => (typeof value === 'boolean' ? (value ? 'true' : 'false') : undefined)],
]);

function writeString(value: unknown): string | undefined {
  if (typeof value === 'string') return quoteValue(value);
  if (typeof value === 'number') return Number.isFinite(value) ? `"${value}"` : undefined;
  return typeof value === 'boolean' || value instanceof ExactNumber ? `"${value}"` : undefined;
}

function writeId(value: unknown): string | undefined {
  return writeString(value instanceof ExactNumber ? numberText(value) : value);
}

function writeInt(given: unknown): string | undefined {
  const value = given instanceof ExactNumber ? plainNumber(given) : given;
  return typeof value === 'number' && Number.isInteger(value) && value <= MAX_INT && value >= MIN_INT
    ? `${value}`
    : undefined;
}

function writeFloat(value: unknown): string | undefined {
  const number = value instanceof ExactNumber ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? `${value}` : undefined;
}
