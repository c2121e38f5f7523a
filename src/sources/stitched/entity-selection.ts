import {
  type FieldNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isAbstractType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Lookup } from '../../services/service.ts';
import { KEY_ALIAS } from './match-keys.ts';

/**
 * Returns the selection for entities of one type as the look-up field takes it, with the field that identifies them.
 *
 * In:  `_entities(…) { ...on User { name } }`, looked up by `usersByIds`
 * Out: `{ name _key: id }`
 */
export function entitySelection(type: string, lookup: Lookup, info: GraphQLResolveInfo): SelectionSetNode {
  const selections = info.fieldNodes.flatMap((node) => selectionsOn(type, node.selectionSet, info));
  if (lookup.list && lookup.matchBy !== undefined) selections.push(field(lookup.matchBy, KEY_ALIAS));
  if (!lookup.abstract) return { kind: Kind.SELECTION_SET, selections };
  const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: type } } as const;
  const selectionSet = { kind: Kind.SELECTION_SET, selections } as const;
  const narrowed = { kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet } as const;
  return { kind: Kind.SELECTION_SET, selections: [field('__typename'), narrowed] };
}

function field(name: string, alias?: string): FieldNode {
  return {
    kind: Kind.FIELD,
    name: { kind: Kind.NAME, value: name },
    ...(alias === undefined ? {} : { alias: { kind: Kind.NAME, value: alias } }),
  };
}

function selectionsOn(type: string, set: SelectionSetNode | undefined, info: GraphQLResolveInfo): SelectionNode[] {
  return (set?.selections ?? []).flatMap((node): SelectionNode[] => {
    if (node.kind === Kind.FIELD) return [node];
    const fragment = node.kind === Kind.FRAGMENT_SPREAD ? info.fragments[node.name.value] : node;
    if (!fragment) return [];
    const on = fragment.typeCondition?.name.value ?? type;
    if (on !== type && !mayBe(type, on, info.schema)) return [];
    const inner = selectionsOn(type, fragment.selectionSet, info);
    if (!node.directives?.length) return inner;
    const selectionSet = { kind: Kind.SELECTION_SET, selections: inner } as const;
    return [{ kind: Kind.INLINE_FRAGMENT, directives: node.directives, selectionSet }];
  });
}

function mayBe(type: string, on: string, schema: GraphQLSchema): boolean {
  const abstract = schema.getType(on);
  return isAbstractType(abstract) && schema.getPossibleTypes(abstract).some(({ name }) => name === type);
}
