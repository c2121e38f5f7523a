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
import { type Fields, mergeForms } from './forms.ts';
import { described, type JsonSchema, leafSchema, nullable } from './json-schema.ts';
import { withNamedObjects } from './named-objects.ts';
import { pascalCase, typePrefixOf } from './names.ts';
import { hasOptional, withMeta } from './partial.ts';

interface Writing extends SelectionContext {
  readonly components: Components;
}

/** Where an object stands in an answer. */
interface Place {
  readonly section: Section;
  /** What the names of components at this place begin with: `DashboardAnswerRecentOrders`. */
  readonly name: string;
}

/**
 * Returns what the JSON of a good answer looks like: a reference to a component, to which all of its objects are added.
 * @param id what the endpoint is called in generated code, which its components are named after
 */
export function answerSchema(
  endpoint: Endpoint,
  schema: GraphQLSchema,
  components: Components,
  id: string,
): JsonSchema {
  const name = components.claim(answerNameOf(id));
  const answer = bodyOf(endpoint, schema, components, name);
  const whole = hasOptional(endpoint.sections) ? withMeta(answer, components) : answer;
  return components.define(name, endpoint.shape ? withNamedObjects(whole, name, components) : whole);
}

/**
 * `placeOrder` → `PlaceOrderAnswer`. What is within goes on from there, so that `product` with `reviews { author }` and
 * `product-reviews` with `author` have components of different names.
 */
export function answerNameOf(id: string): string {
  return `${typePrefixOf(id)}Answer`;
}

function bodyOf(endpoint: Endpoint, schema: GraphQLSchema, components: Components, name: string): JsonSchema {
  if (endpoint.shapeSchema !== undefined) return endpoint.shapeSchema as JsonSchema;
  if (endpoint.shape !== undefined) return { description: 'Shaped by a module that exports no schema.' };
  const operation = endpoint.document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return {};
  const writing = { schema, components, fragments: fragmentsOf(endpoint.document) };
  const place = { section: endpoint.sections, name };
  const { properties, required } = fieldsOf([operation.selectionSet], root, place, writing);
  return { type: 'object', properties: withoutNull(properties, endpoint.entityKeys), required };
}

/** Where one of these is null, the answer is a 404 instead. */
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
  writing: Writing,
): Fields {
  // Without a prototype: a key may be called `__proto__`.
  const properties: Record<string, JsonSchema> = Object.create(null);
  const required: string[] = [];
  for (const [key, found] of selectedKeys(sets, type, writing)) {
    const child = section.children.get(key);
    if (child?.flatten) {
      const lifted = liftedFields(found, { section: child, name }, writing);
      Object.assign(properties, lifted.properties);
      if (!found.conditional) required.push(...lifted.required);
      continue;
    }
    const place = child && { section: child, name: name + pascalCase(key) };
    properties[key] = found.field ? keySchema(found, place, writing) : typenameSchema(type, writing);
    if (!found.conditional) required.push(key);
  }
  return { properties, required };
}

function typenameSchema(type: GraphQLNamedType, writing: Writing): JsonSchema {
  return { type: 'string', enum: objectTypesOf(type, writing).map(({ name }) => name) };
}

/** Returns the fields of a flattened section, which stand in the object around it. */
function liftedFields({ nodes, field }: SelectedKey, place: Place, writing: Writing): Fields {
  if (field === undefined) return { properties: {}, required: [] };
  const sets = selectionsOf(nodes);
  const types = objectTypesOf(getNullableType(field.type) as GraphQLNamedType, writing);
  const lifted = mergeForms(types.map((type) => fieldsOf(sets, type, place, writing)));
  if (isNonNullType(field.type) && place.section.optional === undefined) return lifted;
  // Where the section is null, each of its keys is there and null, also those of other types.
  const nulls = Object.entries(lifted.properties).map(([key, schema]) => [key, nullable(schema)]);
  return { properties: Object.fromEntries(nulls), required: lifted.required };
}

function keySchema(key: SelectedKey, place: Place | undefined, writing: Writing): JsonSchema {
  if (key.field === undefined) return {};
  const { type } = key.field;
  const optional = place?.section.optional;
  const schema = outputSchema(optional ? getNullableType(type) : type, key.nodes, place, writing);
  const fallback = optional?.fallback;
  const own = described(key.field);
  if (fallback === undefined || conforms(fallback, schema, writing.components)) return { ...schema, ...own };
  return { anyOf: [...(schema.anyOf ?? [schema]), { const: fallback }], ...own };
}

function outputSchema(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  place: Place | undefined,
  writing: Writing,
): JsonSchema {
  const schema = nonNullSchema(getNullableType(type), nodes, place, writing);
  return isNonNullType(type) ? schema : nullable(schema);
}

function nonNullSchema(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  place: Place | undefined,
  writing: Writing,
): JsonSchema {
  if (isListType(type)) return { type: 'array', items: outputSchema(type.ofType, nodes, place, writing) };
  const sets = selectionsOf(nodes);
  const { components } = writing;
  if (place === undefined || sets.length === 0) return leafSchema(type as GraphQLNamedType, components);
  return defineAt({ ...place, name: components.claim(place.name) }, type as GraphQLNamedType, sets, writing);
}

/** One component where all types have the same fields, else one for each type and one that refers to these. */
function defineAt(
  place: Place,
  type: GraphQLNamedType,
  sets: readonly SelectionSetNode[],
  writing: Writing,
): JsonSchema {
  const types = objectTypesOf(type, writing);
  if (types.length === 1 || !selectDifferently(types, sets, writing)) {
    return defineObject(place.name, type, fieldsOfAll(type, types, sets, place, writing), writing.components);
  }
  const members = types.map((one) => {
    const name = writing.components.claim(place.name + pascalCase(one.name));
    const fields = fieldsOf(sets, one, { ...place, name }, writing);
    return { type: one, fields, schema: defineObject(name, one, fields, writing.components) };
  });
  const mapping = Object.fromEntries(members.map(({ type: one, schema }) => [one.name, schema.$ref ?? '']));
  return writing.components.define(place.name, {
    ...described(type),
    oneOf: members.map(({ schema }) => schema),
    ...(members.every(saysItsType) && { discriminator: { propertyName: '__typename', mapping } }),
  });
}

/** The fields of objects of several types that are selected alike. */
function fieldsOfAll(
  type: GraphQLNamedType,
  types: readonly GraphQLObjectType[],
  sets: readonly SelectionSetNode[],
  place: Place,
  writing: Writing,
): Fields {
  const [first, ...rest] = types.map((one) => selectedKeys(sets, one, writing));
  if (first === undefined) return { properties: {}, required: [] };
  // What one of the types says holds for all of them, or else what their interface says.
  const [sample] = rest.every((keys) => haveSameTypes(first, keys)) ? types : [type];
  const isWhole =
    isObjectType(sample) || (isInterfaceType(sample) && areSame(selectedKeys(sets, sample, writing), first));
  if (!isWhole) return mergeForms(types.map((one) => fieldsOf(sets, one, place, writing)));
  const { properties, required } = fieldsOf(sets, sample, place, writing);
  const named = '__typename' in properties && first.get('__typename')?.field === undefined;
  const __typename = { type: 'string', enum: types.map(({ name }) => name) };
  return { properties: named ? { ...properties, __typename } : properties, required };
}

function haveSameTypes(a: ReadonlyMap<string, SelectedKey>, b: ReadonlyMap<string, SelectedKey>): boolean {
  return [...a].every(([key, { field }]) => String(field?.type) === String(b.get(key)?.field?.type));
}

/** Whether each object says by `__typename` of which type it is. */
function saysItsType({ fields }: { readonly fields: Fields }): boolean {
  return fields.required.includes('__typename') && fields.properties.__typename?.enum?.length === 1;
}

function defineObject(name: string, type: GraphQLNamedType, fields: Fields, components: Components): JsonSchema {
  const { properties, required } = fields;
  return components.define(name, { type: 'object', ...described(type), properties, required });
}

function selectionsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
}
