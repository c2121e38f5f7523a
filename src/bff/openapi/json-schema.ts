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

/** The keywords of JSON Schema (2020-12) that are used. */
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

/** Returns the schema of a leaf type. */
export function leafSchema(type: GraphQLNamedType, components: Components): JsonSchema {
  if (isEnumType(type)) {
    return components.refer(type, () => ({
      type: 'string',
      enum: type.getValues().map(({ name }) => name),
      ...annotationsOf(type),
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

/** Returns the schema of a custom scalar: a string for well-known formats, else any value. */
function scalarSchema(scalar: GraphQLScalarType): JsonSchema {
  const format = formatOf(scalar);
  const { name, description } = scalar;
  const title = { title: name, ...(description ? { description } : {}) };
  return format === undefined ? title : { type: 'string', format, ...title };
}

/** Returns the schema of an input type. */
export function inputSchema(type: GraphQLInputType, components: Components): JsonSchema {
  if (!isNonNullType(type)) return nullable(inputSchemaOf(type, components));
  return inputSchemaOf(type.ofType, components);
}

/** Returns the schema of a parameter. Only members of a body can be null; other parameters are left out instead. */
export function parameterSchema(parameter: Parameter, components: Components): JsonSchema {
  const { type, in: place, range, default: byDefault } = parameter;
  const schema = place === 'body' ? inputSchema(type, components) : textSchema(getNullableType(type), components);
  return { ...(range ? withRange(schema, range) : schema), ...(byDefault === undefined ? {} : { default: byDefault }) };
}

/** Returns the schema of a parameter outside a body. It is never null, and list items that are not leaves are JSON. */
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
      ...annotationsOf(field),
      ...(field.defaultValue === undefined ? {} : { default: defaultOf(field) }),
    })),
    required: fields.filter((one) => isNonNullType(one.type) && one.defaultValue === undefined).map((one) => one.name),
  };
}

/** Returns the schema of a `@oneOf` object: exactly one field, which is not null. */
function oneOfSchema(type: GraphQLInputObjectType, components: Components): JsonSchema {
  return {
    ...membersSchema(type, (field) => ({
      ...inputSchemaOf(getNullableType(field.type), components),
      ...annotationsOf(field),
    })),
    minProperties: 1,
    maxProperties: 1,
  };
}

/** Returns the schema of an object with only the fields of its type. */
function membersSchema(type: GraphQLInputObjectType, schemaOf: (field: GraphQLInputField) => JsonSchema): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(Object.values(type.getFields()).map((field) => [field.name, schemaOf(field)])),
    additionalProperties: false,
    ...annotationsOf(type),
  };
}

/** Returns the default with exact numbers, which graphql-js would round. */
function defaultOf({ astNode, defaultValue }: GraphQLInputField): unknown {
  return astNode?.defaultValue ? literalValue(astNode.defaultValue) : defaultValue;
}

/** Returns the schema with null as a further value. */
export function nullable(schema: JsonSchema): JsonSchema {
  const { type } = schema;
  if (typeof type === 'string') return { ...schema, type: [type, 'null'] };
  if (Array.isArray(type)) return type.includes('null') ? schema : { ...schema, type: [...type, 'null'] };
  if (schema.anyOf) return allowsNull(schema) ? schema : { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] };
  if (schema.$ref === undefined) return schema;
  const { $ref, ...rest } = schema;
  return { ...rest, anyOf: [{ $ref }, { type: 'null' }] };
}

function allowsNull({ anyOf }: JsonSchema): boolean {
  return anyOf?.some(({ type }) => type === 'null') ?? false;
}

/** Returns the description and deprecation of a schema element. */
export function annotationsOf(element: {
  readonly description?: string | null | undefined;
  readonly deprecationReason?: string | null | undefined;
}): Pick<JsonSchema, 'description' | 'deprecated'> {
  return {
    ...(element.description ? { description: element.description } : {}),
    ...(element.deprecationReason ? { deprecated: true } : {}),
  };
}
