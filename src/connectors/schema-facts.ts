import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  type TypeNode,
} from 'graphql';

/** A type of a schema file, merged with its extensions. */
export interface TypeFacts {
  readonly name: string;
  readonly kind: 'object' | 'interface' | 'union' | 'input' | 'enum' | 'scalar';
  readonly fields: ReadonlyMap<string, FieldDefinitionNode>;
  readonly inputFields: ReadonlyMap<string, InputValueDefinitionNode>;
  readonly directives: readonly ConstDirectiveNode[];
  /** Possible object types of an interface or union; of an object type, itself. */
  readonly possible: ReadonlySet<string>;
}

/** The types of a schema file, and the names of its root types. */
export interface SchemaFacts {
  readonly types: ReadonlyMap<string, TypeFacts>;
  readonly query: string;
  readonly mutation: string;
  readonly subscription: string;
}

interface TypeDraft {
  kind: TypeFacts['kind'];
  fields: Map<string, FieldDefinitionNode>;
  inputFields: Map<string, InputValueDefinitionNode>;
  directives: ConstDirectiveNode[];
  interfaces: string[];
  members: string[];
}

const KINDS: Readonly<Record<string, TypeFacts['kind']>> = {
  [Kind.OBJECT_TYPE_DEFINITION]: 'object',
  [Kind.OBJECT_TYPE_EXTENSION]: 'object',
  [Kind.INTERFACE_TYPE_DEFINITION]: 'interface',
  [Kind.INTERFACE_TYPE_EXTENSION]: 'interface',
  [Kind.UNION_TYPE_DEFINITION]: 'union',
  [Kind.UNION_TYPE_EXTENSION]: 'union',
  [Kind.INPUT_OBJECT_TYPE_DEFINITION]: 'input',
  [Kind.INPUT_OBJECT_TYPE_EXTENSION]: 'input',
  [Kind.ENUM_TYPE_DEFINITION]: 'enum',
  [Kind.ENUM_TYPE_EXTENSION]: 'enum',
  [Kind.SCALAR_TYPE_DEFINITION]: 'scalar',
  [Kind.SCALAR_TYPE_EXTENSION]: 'scalar',
};

/** Reads the types and root types of a document, which may be incomplete. */
export function readSchemaFacts(document: DocumentNode): SchemaFacts {
  const drafts = readDrafts(document);
  const types = new Map<string, TypeFacts>();
  for (const [name, draft] of drafts) types.set(name, { ...draft, name, possible: possibleOf(name, draft, drafts) });
  return { types, ...rootTypes(document) };
}

function readDrafts(document: DocumentNode): Map<string, TypeDraft> {
  const drafts = new Map<string, TypeDraft>();
  for (const node of document.definitions) {
    const kind = KINDS[node.kind];
    if (kind === undefined || !('name' in node) || node.name === undefined) continue;
    const draft = drafts.get(node.name.value) ?? emptyDraft(kind);
    drafts.set(node.name.value, draft);
    draft.directives.push(...('directives' in node ? ((node.directives ?? []) as ConstDirectiveNode[]) : []));
    if ('interfaces' in node) draft.interfaces.push(...(node.interfaces ?? []).map((item) => item.name.value));
    if ('types' in node) draft.members.push(...(node.types ?? []).map((item) => item.name.value));
    for (const field of 'fields' in node ? (node.fields ?? []) : []) {
      if (field.kind === Kind.FIELD_DEFINITION) draft.fields.set(field.name.value, field);
      else draft.inputFields.set(field.name.value, field);
    }
  }
  return drafts;
}

function emptyDraft(kind: TypeFacts['kind']): TypeDraft {
  return { kind, fields: new Map(), inputFields: new Map(), directives: [], interfaces: [], members: [] };
}

function possibleOf(name: string, draft: TypeDraft, drafts: ReadonlyMap<string, TypeDraft>): Set<string> {
  if (draft.kind === 'object') return new Set([name]);
  if (draft.kind === 'union') return new Set(draft.members);
  const objects = [...drafts].filter(([, other]) => other.kind === 'object' && other.interfaces.includes(name));
  return new Set(objects.map(([other]) => other));
}

function rootTypes(document: DocumentNode): Pick<SchemaFacts, 'query' | 'mutation' | 'subscription'> {
  const roots = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' };
  for (const node of document.definitions) {
    if (node.kind !== Kind.SCHEMA_DEFINITION && node.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const { operation, type } of node.operationTypes ?? []) roots[operation] = type.name.value;
  }
  return roots;
}

/** Returns the named type within lists and non-null types. */
export function nameOfType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOfType(type.type);
}

type CompositeFacts = TypeFacts & { readonly kind: 'object' | 'interface' | 'union' };

/** Returns whether a type has a selection set. */
export function isComposite(type: TypeFacts | undefined): type is CompositeFacts {
  return type !== undefined && (type.kind === 'object' || type.kind === 'interface' || type.kind === 'union');
}

/** Returns whether a type is the query or mutation type. */
export function isRootType({ query, mutation }: SchemaFacts, name: string): boolean {
  return name === query || name === mutation;
}
