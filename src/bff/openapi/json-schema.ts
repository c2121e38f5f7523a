import type {
  GraphQLInputField,
  GraphQLInputObjectType,
  GraphQLInputType,
  GraphQLNamedType,
  GraphQLScalarType,
} from 'graphql';
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
  isNonNullType,
  isScalarType,
} from 'graphql';
import type { ExactNumber } from '../../shared/exact-json.ts';
import { literalValue } from '../../shared/literal-value.ts';
import type { Parameter } from '../endpoints/parameters.ts';
import type { Range } from '../endpoints/range.ts';
import { formatOf } from '../endpoints/scalar-format.ts';
import type { Components } from './components.ts';

/** As much of JSON Schema (2020-12) as is written here. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly default?: unknown;
  readonly minimum?: number | ExactNumber;
  readonly maximum?: number | ExactNumber;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly minItems?: number;
  readonly minLength?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly discriminator?: { readonly propertyName: string; readonly mapping: Readonly<Record<string, string>> };
  readonly contentMediaType?: string;
  readonly contentSchema?: JsonSchema;
  readonly examples?: readonly unknown[];
}

/** A leaf of an answer, or an input that is one. */
export function leafSchema(type: GraphQLNamedType, components: Components): JsonSchema {
  if (isEnumType(type)) {
    return components.refer(type, () => ({
      type: 'string',
      enum: type.getValues().map(({ name }) => name),
      ...described(type),
    }));
  }
  switch (type) {
    case GraphQLInt:
      return { type: 'integer', format: 'int32' };
    case GraphQLFloat:
      return { type: 'number', format: 'double' };
    case GraphQLBoolean:
      return { type: 'boolean' };
    case GraphQLID:
    case GraphQLString:
      return { type: 'string' };
  }
  return isScalarType(type) ? scalarSchema(type) : {};
}

/** Custom scalars pass through as they are: only of well-known ones can it be said what they look like. */
function scalarSchema(scalar: GraphQLScalarType): JsonSchema {
  const format = formatOf(scalar);
  const { name, description } = scalar;
  const title = { title: name, ...(description ? { description } : {}) };
  return format === undefined ? title : { type: 'string', format, ...title };
}

export function inputSchema(type: GraphQLInputType, components: Components): JsonSchema {
  if (!isNonNullType(type)) return nullable(inputSchemaOf(type, components));
  return inputSchemaOf(type.ofType, components);
}

/** Returns what a parameter looks like. Only members of a body are ever null; others are simply left out. */
export function parameterSchema(parameter: Parameter, components: Components): JsonSchema {
  const { type, in: place, range, default: byDefault } = parameter;
  const schema = place === 'body' ? inputSchema(type, components) : textSchema(getNullableType(type), components);
  return { ...(range ? withRange(schema, range) : schema), ...(byDefault === undefined ? {} : { default: byDefault }) };
}

/** A parameter outside a body: texts are never null, and within a list each item that is no leaf is JSON. */
function textSchema(type: GraphQLInputType, components: Components): JsonSchema {
  if (!isListType(type)) return inputSchemaOf(type, components);
  const item = getNullableType(type.ofType);
  if (!isListType(item) && !isInputObjectType(item)) return { type: 'array', items: inputSchemaOf(item, components) };
  const contentSchema = inputSchemaOf(item, components);
  const items = { type: 'string', description: 'As JSON.', contentMediaType: 'application/json', contentSchema };
  return { type: 'array', items };
}

function withRange(schema: JsonSchema, range: Range): JsonSchema {
  if (schema.items) return { ...schema, items: withRange(schema.items, range) };
  const { min, max } = range;
  return { ...schema, ...(min !== undefined && { minimum: min }), ...(max !== undefined && { maximum: max }) };
}

function inputSchemaOf(type: GraphQLInputType, components: Components): JsonSchema {
  if (isListType(type)) return { type: 'array', items: inputSchema(type.ofType, components) };
  if (!isInputObjectType(type)) return leafSchema(type as GraphQLNamedType, components);
  return components.refer(type, () => (type.isOneOf ? oneOfSchema(type, components) : objectSchema(type, components)));
}

function objectSchema(type: GraphQLInputObjectType, components: Components): JsonSchema {
  const fields = Object.values(type.getFields());
  return {
    ...membersSchema(type, (field) => ({
      ...inputSchema(field.type, components),
      ...described(field),
      ...(field.defaultValue === undefined ? {} : { default: defaultOf(field) }),
    })),
    required: fields.filter((one) => isNonNullType(one.type) && one.defaultValue === undefined).map((one) => one.name),
  };
}

/** An object of `@oneOf` has exactly one of its fields, and that one is not null. */
function oneOfSchema(type: GraphQLInputObjectType, components: Components): JsonSchema {
  return {
    ...membersSchema(type, (field) => ({
      ...inputSchemaOf(getNullableType(field.type), components),
      ...described(field),
    })),
    minProperties: 1,
    maxProperties: 1,
  };
}

/** An object with the fields of its type and no others. */
function membersSchema(type: GraphQLInputObjectType, schemaOf: (field: GraphQLInputField) => JsonSchema): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(Object.values(type.getFields()).map((field) => [field.name, schemaOf(field)])),
    additionalProperties: false,
    ...described(type),
  };
}

/** The default with the digits of its numbers; graphql-js rounds them. */
function defaultOf({ astNode, defaultValue }: GraphQLInputField): unknown {
  return astNode?.defaultValue ? literalValue(astNode.defaultValue) : defaultValue;
}

export function nullable(schema: JsonSchema): JsonSchema {
  const { type } = schema;
  if (typeof type === 'string') return { ...schema, type: [type, 'null'] };
  if (Array.isArray(type)) return type.includes('null') ? schema : { ...schema, type: [...type, 'null'] };
  if (schema.anyOf) return admitsNull(schema) ? schema : { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] };
  if (schema.$ref === undefined) return schema;
  const { $ref, ...rest } = schema;
  return { ...rest, anyOf: [{ $ref }, { type: 'null' }] };
}

function admitsNull({ anyOf }: JsonSchema): boolean {
  return anyOf?.some(({ type }) => type === 'null') ?? false;
}

export function described(thing: {
  readonly description?: string | null | undefined;
  readonly deprecationReason?: string | null | undefined;
}): Pick<JsonSchema, 'description' | 'deprecated'> {
  return {
    ...(thing.description ? { description: thing.description } : {}),
    ...(thing.deprecationReason ? { deprecated: true } : {}),
  };
}
