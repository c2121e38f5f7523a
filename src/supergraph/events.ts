import { type DocumentNode, Kind, print, type SelectionSetNode, type TypeDefinitionNode, type TypeNode } from 'graphql';
import { directiveUses, text } from './directives.ts';
import { readTopic, type TopicTemplate } from './event-topic.ts';
import { parseFieldSet } from './field-set.ts';
import type { Subgraph, SubgraphField, SubgraphType } from './supergraph.ts';

/** The directives that carry `@event` and `@publish` of schema files in a supergraph. */
export const EVENT_DIRECTIVE = 'headgate__event';
export const PUBLISH_DIRECTIVE = 'headgate__publish';

/** ENTITY: a message has the key of an entity. FULL: it has the value of the field. */
export type EventPayload = 'ENTITY' | 'FULL';

/** A use of `@event` or `@publish`. */
export interface EventUse {
  readonly operation: 'subscription' | 'mutation';
  /** The subgraph that defines the field. */
  readonly graph: string;
  readonly field: string;
  /** The name of the broker in the config. */
  readonly source: string;
  readonly topic: TopicTemplate;
  readonly payload: EventPayload;
}

/** A field whose value is a message of a broker, or that sends one. */
export interface EventField extends EventUse {
  readonly type: TypeNode;
}

/** Reads the events of a supergraph. Topics were checked when it was composed; others are left out. */
export function readEventUses(document: DocumentNode): EventUse[] {
  return document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) return [];
    return [
      ...directiveUses(definition, EVENT_DIRECTIVE).flatMap((use) => readUse('subscription', use)),
      ...directiveUses(definition, PUBLISH_DIRECTIVE).flatMap((use) => readUse('mutation', use)),
    ];
  });
}

function readUse(operation: EventUse['operation'], use: Readonly<Record<string, unknown>>): EventUse[] {
  const [graph, field, source] = [text(use.graph), text(use.field), text(use.source)];
  const topic = readTopic(text(use.topic) ?? '', operation === 'subscription');
  if (graph === undefined || field === undefined || source === undefined || 'mistake' in topic) return [];
  return [{ operation, graph, field, source, topic, payload: use.payload === 'FULL' ? 'FULL' : 'ENTITY' }];
}

/**
 * Moves the fields of events into subgraphs of their own, which the planner treats like any other: `orders.events` has of each entity
 * only the key that a message has, so everything else is fetched; `orders.payloads` has the fields that a whole payload has.
 *
 * A subgraph without a URL has only events, and is replaced.
 *
 * @param uses the events of the supergraph
 * @param definitions the types of the supergraph, which know which fields have arguments
 */
export function withEventSubgraphs(
  subgraphs: readonly Subgraph[],
  uses: readonly EventUse[],
  definitions: ReadonlyMap<string, TypeDefinitionNode>,
): Subgraph[] {
  if (uses.length === 0) return [...subgraphs];
  return subgraphs.flatMap((subgraph) => {
    const own = uses.filter(({ graph }) => graph === subgraph.name);
    if (own.length === 0) return [subgraph];
    const full = own.filter(({ payload }) => payload === 'FULL');
    const others = own.filter(({ payload }) => payload !== 'FULL');
    const views = [
      { name: 'events', uses: others, types: keysOnly(subgraph) },
      { name: 'payloads', uses: full, types: withoutArguments(subgraph, definitions) },
    ].filter((view) => view.uses.length > 0);
    const isReplaced = subgraph.url === '';
    const shadows = views.map((view, index) =>
      eventSubgraph(subgraph, view, isReplaced && index === 0 ? undefined : view.name),
    );
    return isReplaced ? shadows : [withoutFields(subgraph, own), ...shadows];
  });
}

const ROOTS = { subscription: 'Subscription', mutation: 'Mutation' } as const;

interface View {
  readonly uses: readonly EventUse[];
  readonly types: ReadonlyMap<string, SubgraphType>;
}

function eventSubgraph(of: Subgraph, { uses, types }: View, suffix: string | undefined): Subgraph {
  const all = new Map(types);
  const fields = new Map<string, EventField>();
  for (const name of ['Query', ...Object.values(ROOTS)]) all.delete(name);
  for (const use of uses) {
    const type = ROOTS[use.operation];
    const root = of.types.get(type);
    const field = root?.fields.get(use.field);
    if (root === undefined || field === undefined) continue;
    fields.set(`${type}.${use.field}`, { ...use, type: field.type });
    const before = all.get(type)?.fields ?? [];
    const provides = use.payload === 'FULL' ? undefined : keyOf(of, field.namedType);
    all.set(type, { ...root, fields: new Map([...before, [use.field, { ...field, external: false, provides }]]) });
  }
  const name = suffix === undefined ? of.name : `${of.name}.${suffix}`;
  const id = suffix === undefined ? of.id : `${of.id}__${suffix.toUpperCase()}`;
  return { id, name, url: '', types: all, events: { of: of.name, fields } };
}

/** Returns the subgraph without the fields that messages have the values of. */
function withoutFields(subgraph: Subgraph, uses: readonly EventUse[]): Subgraph {
  const types = new Map(subgraph.types);
  for (const { operation, field } of uses) {
    const root = types.get(ROOTS[operation]);
    if (root) types.set(root.name, { ...root, fields: new Map([...root.fields].filter(([name]) => name !== field)) });
  }
  return { ...subgraph, types };
}

/** Returns the types of a subgraph, of which nothing can be read but what a field provides. */
function keysOnly({ types }: Subgraph): ReadonlyMap<string, SubgraphType> {
  return changed(types, (field) => ({ ...field, external: true }));
}

/** Returns the types of a subgraph without fields whose values depend on arguments: a payload has one value of each. */
function withoutArguments(
  { types }: Subgraph,
  definitions: ReadonlyMap<string, TypeDefinitionNode>,
): ReadonlyMap<string, SubgraphType> {
  return changed(types, (field, owner) => {
    const definition = definitions.get(owner);
    const fields = definition && 'fields' in definition ? (definition.fields ?? []) : [];
    const own = fields.find(({ name }) => name.value === field.name);
    return own && 'arguments' in own && own.arguments?.length ? undefined : field;
  });
}

function changed(
  types: ReadonlyMap<string, SubgraphType>,
  change: (field: SubgraphField, owner: string) => SubgraphField | undefined,
): ReadonlyMap<string, SubgraphType> {
  const all = new Map<string, SubgraphType>();
  for (const [name, type] of types) {
    const fields = new Map<string, SubgraphField>();
    for (const field of type.fields.values()) {
      const own = change(field, name);
      // what a message has needs nothing else
      const plain = { requires: undefined, provides: undefined, overrideLabel: undefined, contextArguments: [] };
      if (own) fields.set(own.name, { ...own, ...plain });
    }
    // nothing is looked up at a broker
    all.set(name, { ...type, fields, keys: type.keys.map((key) => ({ ...key, resolvable: false })) });
  }
  return all;
}

/** Returns the key that messages have of a type: its first one, or that of each type that it may be. */
function keyOf({ types }: Subgraph, name: string): SelectionSetNode | undefined {
  const type = types.get(name);
  if (type === undefined) return undefined;
  if (type.kind === 'object' || type.kind === 'interfaceObject') return type.keys[0]?.fields;
  const members = [...type.possible].flatMap((member) => {
    const key = types.get(member)?.keys[0];
    return key ? [`... on ${member} ${print(key.fields)}`] : [];
  });
  return members.length === 0 ? undefined : parseFieldSet(members.join(' '));
}
