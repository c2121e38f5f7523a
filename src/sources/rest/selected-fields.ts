import { type FieldNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';
import { type ConnectorModel, requiredParentFields } from '../../connectors/resolvable-fields.ts';
import type { SelectedFields } from './missing-fields.ts';

export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

/**
 * Returns which fields a selection needs of objects of a type, including those in fragments. A field with its own connector needs
 * the fields that its connector reads. Ignores `@skip` and `@include`: the planner has resolved them already.
 */
export function selectedFieldsOf(
  model: ConnectorModel,
  nodes: readonly FieldNode[],
  fragments: Fragments,
): SelectedFields {
  const known = new Map<string, readonly string[]>();
  return (typeName) => {
    let names = known.get(typeName);
    if (names === undefined) {
      const found = new Set<string>();
      for (const { selectionSet } of nodes) collect(selectionSet, typeName, { model, fragments }, found);
      names = [...found];
      known.set(typeName, names);
    }
    return names;
  };
}

interface Context {
  readonly model: ConnectorModel;
  readonly fragments: Fragments;
}

function collect(
  set: SelectionSetNode | undefined,
  typeName: string,
  { model, fragments }: Context,
  found: Set<string>,
): void {
  for (const selection of set?.selections ?? []) {
    if (selection.kind === Kind.FIELD) {
      const name = selection.name.value;
      const connectors = model.byCoordinate.get(`${typeName}.${name}`);
      if (connectors !== undefined) for (const needed of requiredParentFields(connectors)) found.add(needed);
      else if (name !== '__typename') found.add(name);
      continue;
    }
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value];
    const condition = fragment?.typeCondition?.name.value;
    const applies =
      condition === undefined || condition === typeName || model.schema.types.get(condition)?.possible.has(typeName);
    if (applies) collect(fragment?.selectionSet, typeName, { model, fragments }, found);
  }
}
