import type { FieldDefinitionNode, SelectionSetNode, TypeNode } from 'graphql';
import { Kind, parseType } from 'graphql';
import type { Steps } from '../shared/steps.ts';
import { directiveUses, text } from './directives.ts';
import { forEachTopField, parseFieldSet } from './field-set.ts';
import { type CompositeDefinition, isFederationInternal, type JoinedTypes, namedType } from './join-spec.ts';
import type { ContextArgument, Subgraph, SubgraphField, SubgraphKey, SubgraphType } from './supergraph.ts';

/** A subgraph: its value of the enum `join__Graph`, and its name. */
type Graph = Pick<Subgraph, 'id' | 'name'>;

/**
 * Builds the view of one subgraph on the supergraph: its own types, fields and keys, with its own field types.
 *
 * In:  `type Product @join__type(graph: A, key: "id") @join__type(graph: B) { id: ID! @join__field(graph: A) … }`,
 * graph `B`
 * Out: `Product { … }` without `id` and without a key
 */
export function* buildSubgraphView(graph: Graph, joined: JoinedTypes): Steps<ReadonlyMap<string, SubgraphType>> {
  const types = new Map<string, SubgraphType>();
  const implementations = readImplementations(graph.id, joined);
  yield;
  for (const definition of joined.definitions.values()) {
    if (isFederationInternal(definition.name.value) || !isComposite(definition)) continue;
    const type = viewType(graph, definition, implementations);
    if (type) types.set(type.name, type);
    yield;
  }
  return types;
}

function isComposite(definition: { kind: string }): definition is CompositeDefinition {
  return (
    definition.kind === Kind.OBJECT_TYPE_DEFINITION ||
    definition.kind === Kind.INTERFACE_TYPE_DEFINITION ||
    definition.kind === Kind.UNION_TYPE_DEFINITION
  );
}

function viewType(
  graph: Graph,
  definition: CompositeDefinition,
  implementations: ReadonlyMap<string, Set<string>>,
): SubgraphType | undefined {
  const name = definition.name.value;
  const joins = directiveUses(definition, 'join__type');
  const own = joins.filter((join) => join.graph === graph.id);
  // join v0.1 writes no @join__type on value types and root types: any subgraph may have them
  if (joins.length > 0 && own.length === 0) return undefined;
  const keys = own.flatMap((join): SubgraphKey[] => {
    const key = text(join.key);
    return key === undefined ? [] : [{ fields: parseFieldSet(key), resolvable: join.resolvable !== false }];
  });
  if (definition.kind === Kind.UNION_TYPE_DEFINITION) {
    return { name, kind: 'union', fields: new Map(), possible: unionMembers(graph.id, definition), keys };
  }
  const fields = viewFields(graph, definition, keys);
  if (definition.kind === Kind.OBJECT_TYPE_DEFINITION)
    return { name, kind: 'object', fields, possible: new Set([name]), keys };
  if (own.some((join) => join.isInterfaceObject === true)) {
    return { name, kind: 'interfaceObject', fields, possible: new Set([name]), keys };
  }
  return { name, kind: 'interface', fields, possible: implementations.get(name) ?? new Set(), keys };
}

function unionMembers(graph: string, definition: CompositeDefinition): Set<string> {
  const members = directiveUses(definition, 'join__unionMember');
  if (members.length > 0) return new Set(members.filter((m) => m.graph === graph).map((m) => String(m.member)));
  return new Set('types' in definition ? definition.types?.map((type) => type.name.value) : []);
}

function readImplementations(graph: string, joined: JoinedTypes): Map<string, Set<string>> {
  const implementations = new Map<string, Set<string>>();
  const add = (name: string, member: string) =>
    implementations.set(name, (implementations.get(name) ?? new Set()).add(member));
  for (const definition of joined.definitions.values()) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    const uses = directiveUses(definition, 'join__implements');
    for (const use of uses) if (use.graph === graph) add(String(use.interface), definition.name.value);
    const joins = directiveUses(definition, 'join__type');
    const here = joins.length === 0 || joins.some((join) => join.graph === graph);
    if (uses.length === 0 && here)
      for (const { name } of definition.interfaces ?? []) add(name.value, definition.name.value);
  }
  return implementations;
}

function viewFields(
  graph: Graph,
  definition: CompositeDefinition,
  keys: readonly SubgraphKey[],
): Map<string, SubgraphField> {
  const fields = new Map<string, SubgraphField>();
  if (definition.kind === Kind.UNION_TYPE_DEFINITION) return fields;
  const inKeys = keyFields(keys);
  const owner = text(directiveUses(definition, 'join__owner')[0]?.graph);
  for (const field of definition.fields ?? []) {
    const view = viewField(graph, field, inKeys, owner);
    if (view) fields.set(view.name, view);
  }
  for (const name of unmarkedExternals(definition, fields, inKeys)) {
    const view = fields.get(name);
    if (view) fields.set(name, { ...view, external: true });
  }
  return fields;
}

/**
 * Returns fields that are external although no join marks them: `@requires` may name external fields only, and some
 * compositions omit the mark on interface objects.
 */
function unmarkedExternals(
  definition: CompositeDefinition,
  fields: ReadonlyMap<string, SubgraphField>,
  inKeys: ReadonlySet<string>,
): Set<string> {
  const names = new Set<string>();
  if (definition.kind === Kind.UNION_TYPE_DEFINITION) return names;
  const unmarked = new Set<string>();
  for (const field of definition.fields ?? []) {
    if (directiveUses(field, 'join__field').length === 0 && !inKeys.has(field.name.value))
      unmarked.add(field.name.value);
  }
  for (const { requires } of fields.values()) {
    if (!requires) continue;
    forEachTopField(requires, (field) => {
      if (unmarked.has(field.name.value)) names.add(field.name.value);
    });
  }
  return names;
}

function viewField(
  graph: Graph,
  field: FieldDefinitionNode,
  inKeys: ReadonlySet<string>,
  owner: string | undefined,
): SubgraphField | undefined {
  const name = field.name.value;
  const joins = directiveUses(field, 'join__field');
  const own = joins.find((join) => join.graph === graph.id);
  // join v0.1: a field without a join belongs to the owner, and keys are readable wherever they are declared
  if (
    !own &&
    (joins.length > 0 || (owner !== undefined && owner !== graph.id)) &&
    !(owner !== undefined && inKeys.has(name))
  ) {
    return undefined;
  }
  const declared = text(own?.type);
  const type: TypeNode = declared === undefined ? field.type : parseType(declared, { noLocation: true });
  return {
    name,
    type,
    namedType: namedType(type),
    // a field that another subgraph overrides stays here for keys only, unless a label decides who resolves it
    external: own?.external === true || (own?.usedOverridden === true && own.overrideLabel === undefined),
    requires: fieldSet(own?.requires),
    provides: fieldSet(own?.provides),
    overrideLabel: overrideLabel(graph, own, joins),
    contextArguments: contextArguments(own?.contextArguments),
  };
}

function contextArguments(value: unknown): readonly ContextArgument[] {
  if (!Array.isArray(value)) return NO_CONTEXT;
  return value.map(({ name, type, context, selection }) => ({
    name: String(name),
    type: String(type),
    context: String(context),
    selection: String(selection).trim(),
  }));
}

const NO_CONTEXT: readonly ContextArgument[] = [];

function fieldSet(value: unknown): SelectionSetNode | undefined {
  return typeof value === 'string' && value.trim() !== '' ? parseFieldSet(value) : undefined;
}

function overrideLabel(
  { name }: Graph,
  own: Record<string, unknown> | undefined,
  joins: readonly Record<string, unknown>[],
): SubgraphField['overrideLabel'] {
  if (!own) return undefined;
  // some compositions write the label only where a field of a root type moves to
  const movesTo = joins.find((join) => join.override === name);
  const label = text(own.overrideLabel) ?? text(movesTo?.overrideLabel);
  if (label === undefined) return undefined;
  const takesOver =
    own.override !== undefined || !joins.some((join) => join.override !== undefined && join.overrideLabel === label);
  return { label, resolvedWhen: takesOver };
}

function keyFields(keys: readonly SubgraphKey[]): Set<string> {
  const names = new Set<string>();
  for (const key of keys) forEachTopField(key.fields, (field) => names.add(field.name.value));
  return names;
}
