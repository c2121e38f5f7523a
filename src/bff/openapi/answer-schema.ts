import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLNamedType,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql';
import {
  getNullableType,
  isAbstractType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  Kind,
} from 'graphql';
import { directiveNamed } from '../endpoints/directives.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import type { Section } from '../endpoints/shape.ts';
import { type Components, described, type JsonSchema, leafSchema, nullable } from './json-schema.ts';

interface Writing {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly components: Components;
}

/** One key of an answer's object. */
interface Key {
  readonly nodes: FieldNode[];
  readonly field: GraphQLField<unknown, unknown> | undefined;
  /** Not there in every answer: `@skip` or `@include` stands on it or around it. */
  conditional: boolean;
}

/** What the JSON of a good answer looks like. */
export function answerSchema(endpoint: Endpoint, schema: GraphQLSchema, components: Components): JsonSchema {
  if (endpoint.shapeSchema !== undefined) return endpoint.shapeSchema as JsonSchema;
  if (endpoint.shape !== undefined) return { description: 'Shaped by a module, which does not say how.' };
  const operation = endpoint.document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return {};
  const writing = { schema, components, fragments: fragmentsOf(endpoint.document) };
  const answer = withEntities(endpoint, objectSchema([operation.selectionSet], root, endpoint.sections, writing));
  return hasOptional(endpoint.sections) ? withMeta(answer) : answer;
}

/** Where one of these is null, the answer is a 404 instead. */
function withEntities({ entityKeys }: Endpoint, answer: JsonSchema): JsonSchema {
  const properties = { ...answer.properties };
  for (const key of entityKeys) {
    const { type } = properties[key] ?? {};
    if (Array.isArray(type)) properties[key] = { ...properties[key], type: type.filter((one) => one !== 'null')[0] };
  }
  return { ...answer, properties };
}

function fragmentsOf(document: DocumentNode): Map<string, FragmentDefinitionNode> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  return fragments;
}

export function hasOptional(section: Section): boolean {
  if (section.optional !== undefined) return true;
  return [...section.children.values()].some(hasOptional);
}

const PARTIAL: JsonSchema = {
  type: 'object',
  description: 'There only where a section failed alone.',
  properties: {
    partial: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          path: { type: 'array', items: { type: ['string', 'integer'] }, description: 'Where in this answer.' },
          code: { type: 'string' },
          message: { type: 'string' },
        },
        required: ['path', 'code', 'message'],
      },
    },
  },
  required: ['partial'],
};

function withMeta(answer: JsonSchema): JsonSchema {
  return { ...answer, properties: { ...answer.properties, meta: PARTIAL } };
}

function objectSchema(
  sets: readonly SelectionSetNode[],
  type: GraphQLObjectType,
  section: Section,
  writing: Writing,
): JsonSchema {
  const keys = new Map<string, Key>();
  for (const set of sets) collect(keys, set, type, false, writing);
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [name, key] of keys) {
    const child = section.children.get(name);
    const schema = keySchema(key, type, child, writing);
    if (!child?.flatten) {
      properties[name] = schema;
      if (!key.conditional) required.push(name);
      continue;
    }
    // where the section can be null, so can each of its fields
    const mayBeNull = key.field !== undefined && (!isNonNullType(key.field.type) || child.optional !== undefined);
    const inner = schema.anyOf?.find((one) => one.properties !== undefined) ?? schema;
    for (const [lifted, value] of Object.entries(inner.properties ?? {}))
      properties[lifted] = mayBeNull ? nullable(value) : value;
    if (!key.conditional) required.push(...(inner.required ?? []));
  }
  return { type: 'object', title: type.name, ...described(type), properties, required };
}

function collect(
  keys: Map<string, Key>,
  set: SelectionSetNode,
  type: GraphQLObjectType,
  conditional: boolean,
  writing: Writing,
): void {
  for (const selection of set.selections) {
    const here = conditional || isConditional(selection);
    if (selection.kind === Kind.FIELD) {
      const name = (selection.alias ?? selection.name).value;
      const there = keys.get(name);
      if (there === undefined) {
        keys.set(name, { nodes: [selection], field: type.getFields()[selection.name.value], conditional: here });
      } else {
        there.nodes.push(selection);
        there.conditional &&= here;
      }
      continue;
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? writing.fragments.get(selection.name.value) : selection;
    if (fragment && applies(fragment.typeCondition?.name.value, type, writing.schema))
      collect(keys, fragment.selectionSet, type, here, writing);
  }
}

function isConditional(node: Parameters<typeof directiveNamed>[0]): boolean {
  return directiveNamed(node, 'skip') !== undefined || directiveNamed(node, 'include') !== undefined;
}

function applies(condition: string | undefined, type: GraphQLObjectType, schema: GraphQLSchema): boolean {
  if (condition === undefined || condition === type.name) return true;
  const abstract = schema.getType(condition);
  return isAbstractType(abstract) && schema.isSubType(abstract, type);
}

function keySchema(key: Key, parent: GraphQLObjectType, section: Section | undefined, writing: Writing): JsonSchema {
  if (key.field === undefined) return { type: 'string', const: parent.name };
  const { type } = key.field;
  const schema = outputSchema(section?.optional ? getNullableType(type) : type, key.nodes, section, writing);
  const fallback = section?.optional?.fallback;
  const own = described(key.field);
  const isEmptyList = Array.isArray(fallback) && fallback.length === 0 && typeOf(schema).includes('array');
  if (fallback === undefined || isEmptyList) return { ...schema, ...own };
  return { anyOf: [...(schema.anyOf ?? [schema]), { const: fallback }], ...own };
}

function typeOf({ type }: JsonSchema): readonly string[] {
  return typeof type === 'string' ? [type] : (type ?? []);
}

function outputSchema(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  section: Section | undefined,
  writing: Writing,
): JsonSchema {
  const schema = nonNullSchema(getNullableType(type), nodes, section, writing);
  return isNonNullType(type) ? schema : nullable(schema);
}

function nonNullSchema(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  section: Section | undefined,
  writing: Writing,
): JsonSchema {
  if (isListType(type)) return { type: 'array', items: outputSchema(type.ofType, nodes, section, writing) };
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  if (section === undefined || sets.length === 0) return leafSchema(type as GraphQLNamedType, writing.components);
  if (isObjectType(type)) return objectSchema(sets, type, section, writing);
  if (!isInterfaceType(type) && !isUnionType(type)) return {};
  const forms = writing.schema.getPossibleTypes(type).map((one) => objectSchema(sets, one, section, writing));
  return forms.length === 1 ? (forms[0] as JsonSchema) : { anyOf: forms };
}
