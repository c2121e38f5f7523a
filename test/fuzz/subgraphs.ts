import type { SelectionSetNode } from 'graphql';
import { Kind } from 'graphql';
import type { FieldDescription, WorldDescription } from './description.ts';
import { fieldsOfType, isLabelOn, membersIn, readFieldSet, roleIn, rootFields, topFields } from './model.ts';
import { CONTEXT_ARGUMENT } from './subgraph-schema.ts';
import { allSeeds, canonicalText, matches, type Thing, type Truth } from './truth.ts';

/** An object as a subgraph's resolvers pass it on. */
interface SubgraphThing extends Thing {
  readonly __typename: string;
  /** The representation that it was looked up by, if it was. */
  readonly representation?: Record<string, unknown>;
  /** What the field that led here provides of it. */
  readonly provided?: SelectionSetNode | undefined;
}

type Resolver = (parent: SubgraphThing | undefined, args: Record<string, unknown>) => unknown;

/**
 * Resolvers of one subgraph for the types and fields of its schema (`type → field names`). They are strict: a field
 * that the gateway must not ask here (external and not provided, overridden, requirements missing) throws.
 */
export function subgraphResolvers(
  world: WorldDescription,
  truth: Truth,
  subgraph: string,
  schemaFields: ReadonlyMap<string, readonly string[]>,
): Record<string, Record<string, unknown>> {
  const resolvers: Record<string, Record<string, unknown>> = {};
  for (const [type, names] of schemaFields) {
    const ofType: Record<string, unknown> = {};
    for (const name of names) ofType[name] = fieldResolver(world, truth, subgraph, type, name);
    if (keysIn(world, subgraph, type).length > 0) {
      ofType.__resolveReference = (representation: Record<string, unknown>) =>
        findEntity(world, truth, subgraph, type, representation);
    }
    resolvers[type] = ofType;
  }
  return resolvers;
}

function fieldResolver(world: WorldDescription, truth: Truth, subgraph: string, type: string, name: string): Resolver {
  const field = fieldsOfType(world, type).get(name)?.field ?? fieldOfAnyMember(world, type, name);
  const role = subgraphRole(world, subgraph, type, name, field);
  const provides = field.provides?.[subgraph];
  return (parent, { [CONTEXT_ARGUMENT]: context, ...args }) => {
    const thing = parent && 'seed' in parent ? parent : { __typename: type, type, seed: '' };
    if (role === 'owned' && field.overrides && field.label && !isLabelOn(world, field.label))
      throw new Error(`${type}.${name} is not taken over yet, but ${subgraph} was asked for it`);
    if (role === 'overridden' && (!field.label || isLabelOn(world, field.label)))
      throw new Error(`${type}.${name} was overridden, yet ${subgraph} was asked for it`);
    let provided = provides === undefined ? undefined : readFieldSet(provides);
    if (role === 'external') {
      provided = providedSelection(world, thing, name);
      if (!provided) throw new Error(`${type}.${name} is external in ${subgraph}, yet it was asked for it`);
    } else {
      provided = mergeSelections(provided, providedSelection(world, thing, name));
    }
    const required =
      field.requires && role === 'owned' ? requiredText(world, thing, field.requires, `${type}.${name}`) : undefined;
    const given = field.context && role === 'owned' ? { required, context } : { required };
    return present(world, subgraph, field.type, truth.value(thing, name, args, given), provided);
  };
}

/** A field of an entity interface's key, which the interface itself does not describe. */
function fieldOfAnyMember(world: WorldDescription, type: string, name: string): FieldDescription {
  for (const members of Object.values(world.interfaces[type]?.members ?? {})) {
    for (const member of members) {
      const field = fieldsOfType(world, member).get(name)?.field;
      if (field) return field;
    }
  }
  throw new Error(`No field ${type}.${name} in this world`);
}

function subgraphRole(
  world: WorldDescription,
  subgraph: string,
  type: string,
  name: string,
  field: FieldDescription,
): string {
  const description = world.interfaces[type];
  if (description) return field.owners.includes(subgraph) || name === description.entity?.key ? 'owned' : 'external';
  if (rootFields(world, type)) return 'owned';
  return roleIn(world, subgraph, type, name) ?? 'external';
}

/** What was promised below a field of a provided object: an empty selection for a leaf, `undefined` for no promise. */
function providedSelection(world: WorldDescription, thing: SubgraphThing, name: string): SelectionSetNode | undefined {
  const nothing: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [] };
  let found: SelectionSetNode | undefined;
  const visit = (selectionSet: SelectionSetNode) => {
    for (const node of selectionSet.selections) {
      if (node.kind === Kind.INLINE_FRAGMENT && matches(world, thing.type, node.typeCondition?.name.value))
        visit(node.selectionSet);
      if (node.kind === Kind.FIELD && node.name.value === name)
        found = mergeSelections(found, node.selectionSet ?? nothing);
    }
  };
  if (thing.provided) visit(thing.provided);
  return found;
}

function mergeSelections(
  left: SelectionSetNode | undefined,
  right: SelectionSetNode | undefined,
): SelectionSetNode | undefined {
  if (!left || !right) return left ?? right;
  return { ...left, selections: [...left.selections, ...right.selections] };
}

/** Objects as the subgraph's schema names them; lists and leaves as they are. */
function present(
  world: WorldDescription,
  subgraph: string,
  type: string,
  value: unknown,
  provided: SelectionSetNode | undefined,
): unknown {
  if (Array.isArray(value)) return value.map((item) => present(world, subgraph, type, item, provided));
  if (value === null || typeof value !== 'object' || !('seed' in value)) return value;
  const thing = value as Thing;
  const isInterfaceObject = world.interfaces[type]?.entity?.objects[subgraph] !== undefined;
  return { ...thing, __typename: isInterfaceObject ? type : thing.type, provided } satisfies SubgraphThing;
}

/**
 * The required fields as text. `undefined` where the object came by a path that provides them all: then a subgraph may
 * be asked directly, and looks them up itself.
 */
function requiredText(
  world: WorldDescription,
  thing: SubgraphThing,
  requires: string,
  coordinate: string,
): string | undefined {
  if (thing.representation) return canonicalText(pick(thing.representation, readFieldSet(requires), coordinate, false));
  const isProvided = topFields(requires).every((name) => providedSelection(world, thing, name) !== undefined);
  if (!isProvided) throw new Error(`${coordinate} was asked without a representation`);
  return undefined;
}

/** The part of a representation that a field set selects. Fields in fragments may be missing: the type may be another. */
function pick(
  object: Record<string, unknown>,
  selectionSet: SelectionSetNode,
  coordinate: string,
  optional: boolean,
): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const node of selectionSet.selections) {
    if (node.kind === Kind.INLINE_FRAGMENT) Object.assign(found, pick(object, node.selectionSet, coordinate, true));
    if (node.kind !== Kind.FIELD || node.name.value === '__typename') continue;
    const value = object[node.name.value];
    if (value === undefined && optional) continue;
    if (value === undefined) throw new Error(`${coordinate} was asked without its required field ${node.name.value}`);
    found[node.name.value] = node.selectionSet ? pickAll(value, node.selectionSet, coordinate) : value;
  }
  return found;
}

function pickAll(value: unknown, selectionSet: SelectionSetNode, coordinate: string): unknown {
  if (Array.isArray(value)) return value.map((item) => pickAll(item, selectionSet, coordinate));
  return value === null ? null : pick(value as Record<string, unknown>, selectionSet, coordinate, false);
}

function keysIn(world: WorldDescription, subgraph: string, type: string): string[] {
  const entity = world.entities[type];
  if (entity) return (entity.keys[subgraph] ?? []).filter((key) => !key.stub).map((key) => key.fields);
  const ofInterface = world.interfaces[type]?.entity;
  if (!ofInterface) return [];
  return ofInterface.home === subgraph || ofInterface.objects[subgraph] ? [ofInterface.key] : [];
}

/** The entity that a representation means; an error value when the representation has none of this subgraph's keys. */
function findEntity(
  world: WorldDescription,
  truth: Truth,
  subgraph: string,
  type: string,
  representation: Record<string, unknown>,
): SubgraphThing | Error | null {
  for (const key of keysIn(world, subgraph, type)) {
    const selectionSet = readFieldSet(key);
    const received = pickKey(representation, selectionSet);
    if (received === undefined) continue;
    const types = world.interfaces[type] ? membersIn(world, subgraph, type) : [type];
    for (const concrete of types) {
      for (const seed of allSeeds) {
        if (canonicalText(truth.project({ type: concrete, seed }, selectionSet)) !== received) continue;
        const isInterfaceObject = world.interfaces[type]?.entity?.objects[subgraph] !== undefined;
        return { type: concrete, seed, __typename: isInterfaceObject ? type : concrete, representation };
      }
    }
    return null;
  }
  return new Error(`${subgraph} has no key for ${type} in ${JSON.stringify(representation)}`);
}

function pickKey(representation: Record<string, unknown>, selectionSet: SelectionSetNode): string | undefined {
  try {
    return canonicalText(pick(representation, selectionSet, 'key', false));
  } catch {
    return undefined;
  }
}
