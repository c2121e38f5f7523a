import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  parse,
  type SelectionSetNode,
  visit,
} from 'graphql';
import { directiveUse, stringOf, useOf } from './arguments.ts';
import { FEDERATION_DIRECTIVES, withoutDirectives } from './definitions.ts';
import { parseFields, printFields } from './key-shape.ts';
import type { PublicNames } from './names.ts';
import { renameDocument, renameSelection } from './rename.ts';

const FEDERATION = 'https://specs.apollo.dev/federation/v2.9';
const ANY_FEDERATION = 'https://specs.apollo.dev/federation/';

/** Directives that are not copied to the subgraph; `@key` is written again. */
const REPLACED = new Set(['service', 'merge', 'computed', 'canonical', 'rename', 'key']);

/** A key of a type, with the service's names. */
export interface TypeKey {
  readonly fields: SelectionSetNode;
  readonly resolvable: boolean;
}

/** What a federation document is created from. */
export interface FederationInput {
  /** The file with the service's names and all directives. */
  readonly document: DocumentNode;
  readonly schema: GraphQLSchema;
  readonly names: PublicNames;
  readonly keys: ReadonlyMap<string, readonly TypeKey[]>;
  /** Root fields that are not part of the public schema. */
  readonly hidden: ReadonlySet<string>;
}

/**
 * Converts a service to a federation subgraph, with the names of the supergraph.
 *
 * In:  type Query { userById(id: ID!): User @merge(keyField: "id") }  type User { id: ID! notes: [Note!]! }  type Note { text: String }
 * Out: type User @key(fields: "id") { id: ID! notes: [Note!]! }  type Note @shareable { text: String }
 */
export function federationDocument(input: FederationInput): DocumentNode {
  const definitions = input.document.definitions.flatMap((node) => writeDefinition(node, input) ?? []);
  const written = withoutDirectives({ ...input.document, definitions }, (name) => REPLACED.has(name) && name !== 'key');
  return withLink(renameDocument(written, input.names));
}

function writeDefinition(node: DefinitionNode, input: FederationInput): DefinitionNode | undefined {
  if (node.kind === Kind.SCHEMA_EXTENSION || node.kind === Kind.SCHEMA_DEFINITION) {
    const directives = node.directives?.filter((use) => !isFederationLink(use) && use.name.value !== 'service');
    const empty = !directives?.length && !node.operationTypes?.length;
    return empty ? undefined : { ...node, directives };
  }
  if (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION) {
    return writeObject(node, input);
  }
  return node;
}

function isFederationLink(use: ConstDirectiveNode): boolean {
  return use.name.value === 'link' && (stringOf(use, 'url') ?? '').startsWith(ANY_FEDERATION);
}

type ObjectNode = ObjectTypeDefinitionNode | ObjectTypeExtensionNode;

function writeObject(node: ObjectNode, input: FederationInput): ObjectNode | undefined {
  const name = node.name.value;
  const { schema, keys } = input;
  if (schema.getQueryType()?.name === name) {
    const fields = node.fields?.filter((field) => !input.hidden.has(field.name.value));
    return fields?.length ? { ...node, fields } : undefined;
  }
  const own = keys.get(name);
  const isRoot = schema.getMutationType()?.name === name || schema.getSubscriptionType()?.name === name;
  const directives = node.directives?.filter((use) => !REPLACED.has(use.name.value)) ?? [];
  if (isRoot) return node;
  if (own === undefined) {
    const shared = useOf(node, 'shareable') ? [] : [directiveUse('shareable', {})];
    return { ...node, directives: [...directives, ...shared] };
  }
  const isDefinition = node.kind === Kind.OBJECT_TYPE_DEFINITION;
  const written = isDefinition ? own.map((key) => writeKey(key, name, input)) : [];
  const inputs = isDefinition ? computedInputs(name, input) : [];
  const fields = (node.fields ?? []).map((field) => writeField(field, name, input));
  return { ...node, directives: [...directives, ...written], fields: [...fields, ...inputs] };
}

function writeKey({ fields, resolvable }: TypeKey, typeName: string, input: FederationInput): ConstDirectiveNode {
  const text = printFields(renameSelection(fields, typeName, input.schema, input.names));
  return directiveUse('key', resolvable ? { fields: text } : { fields: text, resolvable: false });
}

function writeField(field: FieldDefinitionNode, typeName: string, input: FederationInput): FieldDefinitionNode {
  const computed = useOf(field, 'computed');
  const inKey = input.keys.get(typeName)?.some(({ fields }) => selects(fields, field.name.value));
  // a key field is never external here, even if another subgraph owns it
  const directives = field.directives?.filter((use) => !(inKey && use.name.value === 'external')) ?? [];
  if (!computed) return { ...field, directives };
  const needed = renameSelection(
    parseFields(stringOf(computed, 'selectionSet') ?? ''),
    typeName,
    input.schema,
    input.names,
  );
  return { ...field, directives: [...directives, directiveUse('requires', { fields: printFields(needed) })] };
}

function selects(selection: SelectionSetNode, field: string): boolean {
  return selection.selections.some((node) => node.kind === Kind.FIELD && node.name.value === field);
}

/**
 * Returns `@external` fields for inputs of `@computed` fields that the file does not declare. Their type is a placeholder,
 * which composition replaces with the type in the owning subgraph; it recognizes them by their missing location.
 */
function computedInputs(typeName: string, { schema }: FederationInput): FieldDefinitionNode[] {
  const type = schema.getType(typeName);
  if (!type || !('getFields' in type)) return [];
  const inputs = new Map<string, FieldDefinitionNode>();
  for (const { astNode } of Object.values(type.getFields())) {
    const computed = astNode && 'arguments' in astNode ? useOf(astNode, 'computed') : undefined;
    if (!computed) continue;
    for (const node of parseFields(stringOf(computed, 'selectionSet') ?? '').selections) {
      if (node.kind === Kind.FIELD && !(node.name.value in type.getFields()))
        inputs.set(node.name.value, externalField(node.name.value));
    }
  }
  return [...inputs.values()];
}

function externalField(name: string): FieldDefinitionNode {
  return {
    kind: Kind.FIELD_DEFINITION,
    name: { kind: Kind.NAME, value: name },
    type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'String' } },
    directives: [directiveUse('external', {})],
  };
}

function withLink(document: DocumentNode): DocumentNode {
  const used = new Set<string>();
  visit(document, { Directive: (node) => void used.add(node.name.value) });
  const imports = [...used].filter(
    (name) => name === 'requires' || (FEDERATION_DIRECTIVES.has(name) && name !== 'link'),
  );
  const list = imports.map((name) => `"@${name}"`).join(', ');
  const link = parse(`extend schema @link(url: "${FEDERATION}", import: [${list}])`, { noLocation: true });
  return { ...document, definitions: [...link.definitions, ...document.definitions] };
}
