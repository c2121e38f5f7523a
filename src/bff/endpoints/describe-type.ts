import type { GraphQLEnumType, GraphQLInputType } from 'graphql';
import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
} from 'graphql';
import { describeFormat } from './scalar-format.ts';

const BUILT_IN = new Map<GraphQLInputType, string>([
  [GraphQLInt, 'a whole number from -2147483648 to 2147483647'],
  [GraphQLFloat, 'a number'],
  [GraphQLBoolean, 'true or false'],
  [GraphQLID, 'an id'],
  [GraphQLString, 'text'],
]);

/** Describes a type in words: `a whole number from … (Int!)`. */
export function describeType(type: GraphQLInputType): string {
  return `${typeInWords(getNullableType(type))} (${type})`;
}

function typeInWords(type: GraphQLInputType): string {
  if (isListType(type)) return `a list, each item ${typeInWords(getNullableType(type.ofType))}`;
  if (isInputObjectType(type)) return 'an object as JSON';
  if (isEnumType(type)) return `one of ${enumInWords(type)}`;
  return BUILT_IN.get(type) ?? describeFormat(type) ?? 'a value';
}

/** Maximum number of enum values, or of members of an input object, in a message. */
export const MAX_ENUM_VALUES = 50;

function enumInWords(type: GraphQLEnumType): string {
  const names = type.getValues().map(({ name }) => name);
  const more = names.length - MAX_ENUM_VALUES;
  return names.slice(0, MAX_ENUM_VALUES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
