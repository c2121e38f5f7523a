import type {
  FieldNode,
  GraphQLInterfaceType,
  GraphQLNamedType,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql';
import { getNullableType, isInterfaceType, isListType, isNonNullType, isObjectType, Kind } from 'graphql';
import type { Endpoint } from '../endpoints/endpoints.ts';
import {
  areSame,
  fragmentsOf,
  objectTypesOf,
  type SelectedKey,
  type SelectionContext,
  selectDifferently,
  selectedKeys,
} from '../endpoints/selected-keys.ts';
import type { Section } from '../endpoints/shape.ts';
import type { Components } from './components.ts';
import { conforms } from './conforms.ts';
import { annotationsOf, type JsonSchema, leafSchema, nullable } from './json-schema.ts';
import { type Fields, mergeFields } from './merge-fields.ts';
import { withNamedObjects } from './named-objects.ts';
import { pascalCase, typePrefixOf } from './names.ts';
import { hasOptional, withMeta } from './partial.ts';

interface SchemaContext extends SelectionContext {
  readonly components: Components;
}

/** Position of an object in a response. */
interface Place {
  readonly section: Section;
  /** Prefix of component names at this position: `DashboardAnswerRecentOrders`. */
  readonly name: string;
}

/**
 * Returns the schema of a successful response: a reference to a component. Adds components for all of its objects.
 * @param id name of the endpoint in generated code; component names start with it
 */
export function responseSchema(
  endpoint: Endpoint,
  schema: GraphQLSchema,
  components: Components,
  id: string,
): JsonSchema {
  const name = components.claim(componentNameOf(id));
  const body = bodyOf(endpoint, schema, components, name);
  const withMetadata = hasOptional(endpoint.sections) ? withMeta(body, components) : body;
  return components.define(name, endpoint.shape ? withNamedObjects(withMetadata, name, components) : withMetadata);
}

/**
 * Returns the name of an endpoint's component: `placeOrder` → `PlaceOrderAnswer`. Nested objects append to it, so that
 * `product` with `reviews { author }` and `product-reviews` with `author` have different component names.
 */
export function componentNameOf(id: string): string {
  return `${typePrefixOf(id)}Answer`;
}

function bodyOf(endpoint: Endpoint, schema: GraphQLSchema, components: Components, name: string): JsonSchema {
  if (endpoint.shapeSchema !== undefined) return endpoint.shapeSchema as JsonSchema;
  if (endpoint.shape !== undefined) return { description: 'Created by a shape module that exports no schema.' };
  const operation = endpoint.document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return {};
  const context = { schema, components, fragments: fragmentsOf(endpoint.document) };
  const place = { section: endpoint.sections, name };
  const { properties, required } = fieldsOf([operation.selectionSet], root, place, context);
  return { type: 'object', properties: withoutNull(properties, endpoint.entityKeys), required };
}

/** Removes null from entity keys: where one is null, the response is a 404. */
function withoutNull(properties: Fields['properties'], keys: readonly string[]): Fields['properties'] {
  const result = { ...properties };
  for (const key of keys) {
    const { anyOf, ...rest } = result[key] ?? {};
    const [only, ...more] = anyOf?.filter(({ type }) => type !== 'null') ?? [];
    if (only !== undefined && more.length === 0) result[key] = { ...only, ...rest };
  }
  return result;
}

function fieldsOf(
  sets: readonly SelectionSetNode[],
  type: GraphQLObjectType | GraphQLInterfaceType,
  { section, name }: Place,
  context: SchemaContext,
): Fields {
  // no prototype: a key may be named `__proto__`
  const properties: Record<string, JsonSchema> = Object.create(null);
  const required: string[] = [];
  for (const [key, found] of selectedKeys(sets, type, context)) {
    const child = section.children.get(key);
    if (child?.flatten) {
      const lifted = liftedFields(found, { section: child, name }, context);
      Object.assign(properties, lifted.properties);
      if (!found.conditional) required.push(...lifted.required);
      continue;
    }
    const place = child && { section: child, name: name + pascalCase(key) };
    properties[key] = found.field ? keySchema(found, place, context) : typenameSchema(type, context);
    if (!found.conditional) required.push(key);
  }
  return { properties, required };
}

function typenameSchema(type: GraphQLNamedType, context: SchemaContext): JsonSchema {
  return { type: 'string', enum: objectTypesOf(type, context).map(({ name }) => name) };
}

/** Returns the fields of a flattened section, which become fields of its parent object. */
function liftedFields({ nodes, field }: SelectedKey, place: Place, context: SchemaContext): Fields {
  if (field === undefined) return { properties: {}, required: [] };
  const sets = selectionsOf(nodes);
  const types = objectTypesOf(getNullableType(field.type) as GraphQLNamedType, context);
  const lifted = mergeFields(types.map((type) => fieldsOf(sets, type, place, context)));
  if (isNonNullType(field.type) && place.section.optional === undefined) return lifted;
  // where the section is null, all of its keys are null, including those of other types
  const nulls = Object.entries(lifted.properties).map(([key, schema]) => [key, nullable(schema)]);
  return { properties: Object.fromEntries(nulls), required: lifted.required };
}

function keySchema(key: SelectedKey, place: Place | undefined, context: SchemaContext): JsonSchema {
  if (key.field === undefined) return {};
  const { type } = key.field;
  const optional = place?.section.optional;
  const schema = outputSchema(optional ? getNullableType(type) : type, key.nodes, place, context);
  const fallback = optional?.fallback;
  const description = annotationsOf(key.field);
  if (fallback === undefined || conforms(fallback, schema, context.components)) return { ...schema, ...description };
  return { anyOf: [...(schema.anyOf ?? [schema]), { const: fallback }], ...description };
}

function outputSchema(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  place: Place | undefined,
  context: SchemaContext,
): JsonSchema {
  const schema = nonNullSchema(getNullableType(type), nodes, place, context);
  return isNonNullType(type) ? schema : nullable(schema);
}

function nonNullSchema(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  place: Place | undefined,
  context: SchemaContext,
): JsonSchema {
  if (isListType(type)) return { type: 'array', items: outputSchema(type.ofType, nodes, place, context) };
  const sets = selectionsOf(nodes);
  const { components } = context;
  if (place === undefined || sets.length === 0) return leafSchema(type as GraphQLNamedType, components);
  return defineAt({ ...place, name: components.claim(place.name) }, type as GraphQLNamedType, sets, context);
}

/** Defines one component where all types have the same fields, else one for each type and one that refers to them. */
function defineAt(
  place: Place,
  type: GraphQLNamedType,
  sets: readonly SelectionSetNode[],
  context: SchemaContext,
): JsonSchema {
  const types = objectTypesOf(type, context);
  if (types.length === 1 || !selectDifferently(types, sets, context)) {
    return defineObject(place.name, type, fieldsOfAll(type, types, sets, place, context), context.components);
  }
  const members = types.map((one) => {
    const name = context.components.claim(place.name + pascalCase(one.name));
    const fields = fieldsOf(sets, one, { ...place, name }, context);
    return { type: one, fields, schema: defineObject(name, one, fields, context.components) };
  });
  const mapping = Object.fromEntries(members.map(({ type: one, schema }) => [one.name, schema.$ref ?? '']));
  return context.components.define(place.name, {
    ...annotationsOf(type),
    oneOf: members.map(({ schema }) => schema),
    ...(members.every(hasSingleTypename) && { discriminator: { propertyName: '__typename', mapping } }),
  });
}

/** Returns the fields of several types with the same selections. */
function fieldsOfAll(
  type: GraphQLNamedType,
  types: readonly GraphQLObjectType[],
  sets: readonly SelectionSetNode[],
  place: Place,
  context: SchemaContext,
): Fields {
  const [first, ...rest] = types.map((one) => selectedKeys(sets, one, context));
  if (first === undefined) return { properties: {}, required: [] };
  // the fields of one type represent all of them if their types are equal, else those of the interface do
  const [sample] = rest.every((keys) => haveSameTypes(first, keys)) ? types : [type];
  const isWhole =
    isObjectType(sample) || (isInterfaceType(sample) && areSame(selectedKeys(sets, sample, context), first));
  if (!isWhole) return mergeFields(types.map((one) => fieldsOf(sets, one, place, context)));
  const { properties, required } = fieldsOf(sets, sample, place, context);
  const named = '__typename' in properties && first.get('__typename')?.field === undefined;
  const __typename = { type: 'string', enum: types.map(({ name }) => name) };
  return { properties: named ? { ...properties, __typename } : properties, required };
}

function haveSameTypes(a: ReadonlyMap<string, SelectedKey>, b: ReadonlyMap<string, SelectedKey>): boolean {
  return [...a].every(([key, { field }]) => String(field?.type) === String(b.get(key)?.field?.type));
}

/** Returns whether `__typename` is required and identifies one type. */
function hasSingleTypename({ fields }: { readonly fields: Fields }): boolean {
  return fields.required.includes('__typename') && fields.properties.__typename?.enum?.length === 1;
}

function defineObject(name: string, type: GraphQLNamedType, fields: Fields, components: Components): JsonSchema {
  const { properties, required } = fields;
  return components.define(name, { type: 'object', ...annotationsOf(type), properties, required });
}

function selectionsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
}
