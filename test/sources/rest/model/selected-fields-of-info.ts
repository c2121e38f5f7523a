import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';
import { type ConnectorModel, requiredParentFields } from '../../../../src/connectors/resolvable-fields.ts';
import type { SelectedFields } from './missing-fields-of-lists.ts';

/**
 * Returns which fields a selection needs of objects of a type, including those in fragments. A field with its own connector needs
 * the fields that its connector reads. Ignores `@skip` and `@include`: the planner has resolved them already.
 */
export function selectedFieldsOf(model: ConnectorModel, info: GraphQLResolveInfo): SelectedFields {
  const [node] = info.fieldNodes;
  const cached = node === undefined || info.fieldNodes.length > 1 ? undefined : cacheOf(node);
  return (typeName) => {
    let names = cached?.get(typeName);
    if (names === undefined) {
      const found = new Set<string>();
      for (const { selectionSet } of info.fieldNodes) collect(selectionSet, typeName, model, info, found);
      names = [...found];
      cached?.set(typeName, names);
    }
    return names;
  };
}

const CACHE = new WeakMap<FieldNode, Map<string, readonly string[]>>();

function cacheOf(node: FieldNode): Map<string, readonly string[]> {
  let known = CACHE.get(node);
  if (known === undefined) {
    known = new Map();
    CACHE.set(node, known);
  }
  return known;
}

function collect(
  set: SelectionSetNode | undefined,
  typeName: string,
  model: ConnectorModel,
  info: GraphQLResolveInfo,
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
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : info.fragments[selection.name.value];
    const condition = fragment?.typeCondition?.name.value;
    const applies =
      condition === undefined || condition === typeName || model.schema.types.get(condition)?.possible.has(typeName);
    if (applies) collect(fragment?.selectionSet, typeName, model, info, found);
  }
}
