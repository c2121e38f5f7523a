import { type FieldNode, Kind, parse, type SelectionSetNode } from 'graphql';
import type { EntityDescription, FieldDescription, WorldDescription } from './description.ts';

/** What a field is in one subgraph. */
export type FieldRole = 'owned' | 'key' | 'external' | 'overridden';

const fieldSets = new Map<string, SelectionSetNode>();

/** The selection set of a field set's text. Throws a `GraphQLError` on a syntax error. */
export function readFieldSet(text: string): SelectionSetNode {
  let selectionSet = fieldSets.get(text);
  if (!selectionSet) {
    const definition = parse(`{ ${text} }`, { noLocation: true }).definitions[0];
    if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`Not a field set: ${text}`);
    selectionSet = definition.selectionSet;
    fieldSets.set(text, selectionSet);
  }
  return selectionSet;
}

/** Names of the top-level fields of a field set. */
export function topFields(text: string): string[] {
  return readFieldSet(text).selections.flatMap((node) => (node.kind === Kind.FIELD ? [node.name.value] : []));
}

/** All fields that a type has anywhere, its interface objects' fields included: name → field and the declaring type. */
export function fieldsOfType(
  world: WorldDescription,
  type: string,
): Map<string, { declaredBy: string; field: FieldDescription }> {
  const found = new Map<string, { declaredBy: string; field: FieldDescription }>();
  for (const [name, description] of Object.entries(world.interfaces)) {
    if (type !== name && !allMembers(description.members).includes(type)) continue;
    for (const fields of Object.values(description.entity?.objects ?? {})) {
      for (const [fieldName, field] of Object.entries(fields)) found.set(fieldName, { declaredBy: name, field });
    }
  }
  const own = rootFields(world, type) ?? (world.entities[type] ?? world.values[type])?.fields;
  for (const [name, field] of Object.entries(own ?? {})) found.set(name, { declaredBy: type, field });
  return found;
}

export function isLabelOn({ labelsOn = [] }: WorldDescription, label: string): boolean {
  return label === 'percent(100)' || labelsOn.includes(label);
}

/** The fields of a root type. */
export function rootFields(world: WorldDescription, type: string): Record<string, FieldDescription> | undefined {
  if (type === 'Query') return world.query;
  return type === 'Mutation' ? world.mutation : undefined;
}

export function allMembers(members: Record<string, string[]>): string[] {
  return [...new Set(Object.values(members).flat())];
}

/** The possible runtime types of an abstract type in one subgraph. An interface object stands for all of them. */
export function membersIn(world: WorldDescription, subgraph: string, abstract: string): string[] {
  const description = world.interfaces[abstract];
  if (description?.entity?.objects[subgraph]) return description.members[description.entity.home] ?? [];
  return (description ?? world.unions[abstract])?.members[subgraph] ?? [];
}

/** The runtime types that a field of an abstract type can have, which are those that all its owners know. */
export function candidates(world: WorldDescription, field: FieldDescription): string[] {
  const [first, ...others] = field.owners.map((owner) => membersIn(world, owner, field.type));
  return (first ?? []).filter((member) => others.every((members) => members.includes(member)));
}

/** The fields of an interface that a subgraph can define: those that each member resolves there. */
export function interfaceFieldsIn(world: WorldDescription, subgraph: string, name: string): string[] {
  const description = world.interfaces[name];
  const members = description?.members[subgraph] ?? [];
  return (description?.fields ?? []).filter((field) =>
    members.every((member) => resolvesIn(world, subgraph, member, field)),
  );
}

export function resolvesIn(world: WorldDescription, subgraph: string, type: string, field: string): boolean {
  const role = roleIn(world, subgraph, type, field);
  return role === 'owned' || role === 'key';
}

/** What a field is in a subgraph, apart from `external`, which depends on who requires or provides it. */
export function roleIn(world: WorldDescription, subgraph: string, type: string, name: string): FieldRole | undefined {
  const entity = world.entities[type];
  const field = (entity ?? world.values[type])?.fields[name];
  if (!field) return undefined;
  if (!entity && field.owners.length === 0) return 'owned';
  if (field.owners.includes(subgraph)) return 'owned';
  if (entity && isKeyField(entity, subgraph, name)) return 'key';
  return field.overrides === subgraph ? 'overridden' : undefined;
}

function isKeyField(entity: EntityDescription, subgraph: string, name: string): boolean {
  return (entity.keys[subgraph] ?? []).some((key) => topFields(key.fields).includes(name));
}

/** Calls `visit` for each field of a field set on a type, nested ones and those in fragments included. */
export function walkFieldSet(
  world: WorldDescription,
  type: string,
  selectionSet: SelectionSetNode,
  visit: (type: string, node: FieldNode, field: FieldDescription) => void,
): void {
  for (const node of selectionSet.selections) {
    if (node.kind === Kind.INLINE_FRAGMENT) {
      walkFieldSet(world, node.typeCondition?.name.value ?? type, node.selectionSet, visit);
    } else if (node.kind === Kind.FIELD) {
      for (const concrete of concreteTypes(world, type)) {
        const field = fieldsOfType(world, concrete).get(node.name.value)?.field;
        if (!field) continue;
        visit(concrete, node, field);
        if (node.selectionSet) walkFieldSet(world, field.type, node.selectionSet, visit);
      }
    }
  }
}

function concreteTypes(world: WorldDescription, type: string): string[] {
  const abstract = world.interfaces[type] ?? world.unions[type];
  return abstract ? allMembers(abstract.members) : [type];
}

/** `Type.field` of everything that some context, `@requires` or `@provides` needs; of the latter two, where asked for. */
export function neededFields(
  world: WorldDescription,
  directives: readonly ('requires' | 'provides')[] = ['requires', 'provides'],
): Set<string> {
  const needed = new Set<string>();
  forEachFieldSet(world, (type, text, _subgraph, directive) => {
    if (!directives.includes(directive)) return;
    walkFieldSet(world, type, readFieldSet(text), (on, node) => needed.add(`${on}.${node.name.value}`));
  });
  for (const { setters } of Object.values(world.contexts ?? {}))
    for (const [type, name] of Object.entries(setters)) needed.add(`${type}.${name}`);
  return needed;
}

/** Calls `visit` with each field set of the world, the type it is on, and the subgraph it is in. */
export function forEachFieldSet(
  world: WorldDescription,
  visit: (type: string, text: string, subgraph: string, directive: 'requires' | 'provides') => void,
): void {
  const types = [...Object.keys(world.entities), ...Object.keys(world.values), 'Query'];
  const lists: [string, Record<string, FieldDescription>][] = types.map((type) => [
    type,
    type === 'Query' ? world.query : ((world.entities[type] ?? world.values[type])?.fields ?? {}),
  ]);
  for (const [name, description] of Object.entries(world.interfaces)) {
    for (const fields of Object.values(description.entity?.objects ?? {})) lists.push([name, fields]);
  }
  for (const [type, fields] of lists) {
    for (const field of Object.values(fields)) {
      if (field.requires) visit(type, field.requires, field.owners[0] ?? '', 'requires');
      for (const [subgraph, text] of Object.entries(field.provides ?? {}))
        visit(field.type, text, subgraph, 'provides');
    }
  }
}

/** All lists of fields of a world, always in the same order. */
export function fieldLists(world: WorldDescription): Record<string, FieldDescription>[] {
  return [
    world.query,
    world.mutation ?? {},
    ...Object.values(world.entities).map((entity) => entity.fields),
    ...Object.values(world.values).map((value) => value.fields),
    ...Object.values(world.interfaces).flatMap((description) => Object.values(description.entity?.objects ?? {})),
  ];
}
