import type { OpField, OpSelection } from '../operation/operation.ts';
import type { Abilities } from './abilities.ts';
import { childKey, type Fetch, type Placement, type Position, type RepresentationItem, type RepresentationSelection } from './positions.ts';

/** Fields that have been placed to be sent to a look-up: how to write them, and which fetches bring them. */
export interface Inputs {
  readonly fields: RepresentationSelection;
  readonly dependsOn: ReadonlySet<Fetch>;
}

/**
 * Describes how a key or a `@requires` field set is written into a representation, once it has been placed.
 *
 * In:  `price dimensions { size }`, both read from `products` under the keys `price` and `dimensions_1`
 * Out: `{ price ← price, dimensions ← dimensions_1 { size ← size } }`, depends on that fetch
 */
export function describeInputs(abilities: Abilities, position: Position, selection: OpSelection): Inputs {
  const dependsOn = new Set<Fetch>();
  return { fields: describe(abilities, position, selection, dependsOn), dependsOn };
}

function describe(abilities: Abilities, position: Position, selection: OpSelection, dependsOn: Set<Fetch>): RepresentationItem[] {
  const items: RepresentationItem[] = [];
  for (const item of selection.items) {
    if (item.kind === 'narrowing') {
      const nested = describe(abilities, position, item.selection, dependsOn);
      if (nested.length > 0) items.push({ kind: 'narrowing', possible: abilities.possible(item.typeCondition), nested });
      for (const node of position.nodes) if (node.typename) dependsOn.add(node.fetch);
    } else if (item.name === '__typename') {
      items.push({ kind: 'field', name: '__typename', wireKey: '__typename', nested: undefined });
      for (const node of position.nodes) if (node.typename) dependsOn.add(node.fetch);
    } else {
      items.push(...describeField(abilities, position, selection.parentType, item, dependsOn));
    }
  }
  return items;
}

function describeField(
  abilities: Abilities,
  position: Position,
  owner: string,
  field: OpField,
  dependsOn: Set<Fetch>,
): RepresentationItem[] {
  const placements = position.placed.get(field) ?? new Map<string, Placement>();
  const describeAt = (type: string, { wire, node }: Placement): RepresentationItem => {
    dependsOn.add(node.fetch);
    const below = position.children.get(childKey(wire, type));
    const nested = field.selection && below ? describe(abilities, below, field.selection, dependsOn) : undefined;
    return { kind: 'field', name: field.name, wireKey: wire.key, nested };
  };
  const whole = placements.get(owner);
  if (whole) return [describeAt(owner, whole)];
  return [...placements].map(([type, placement]) => ({
    kind: 'narrowing',
    possible: abilities.possible(type),
    nested: [describeAt(type, placement)],
  }));
}
