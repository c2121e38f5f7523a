import type { FieldNode, GraphQLSchema, SelectionSetNode } from 'graphql';
import { getNamedType, isAbstractType, Kind, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import { directiveNamed } from './directives.ts';
import type { EndpointFile } from './endpoint-file.ts';
import { fragmentsOf, objectTypesOf, type SelectionContext, selectDifferently } from './selected-keys.ts';

const TYPENAME = '__typename';
const NODE: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: TYPENAME } };

/**
 * Adds `__typename` to a valid document where an abstract type's objects have different keys, so that clients can
 * distinguish them.
 *
 *     search { ... on Book { title } ... on User { name } }
 *     → search { __typename ... on Book { title } ... on User { name } }
 *
 * Flattened sections get none, because they are not objects in the response.
 */
export function withTypenames(file: EndpointFile, schema: GraphQLSchema): EndpointFile {
  const context = { schema, fragments: fragmentsOf(file.document) };
  const info = new TypeInfo(schema);
  const flattened = flattenedByFragments(file, context);
  const document = visit(
    file.document,
    visitWithTypeInfo(info, {
      Field: {
        leave(node) {
          const type = getNamedType(info.getType());
          if (!node.selectionSet || !isAbstractType(type)) return undefined;
          if (directiveNamed(node, 'flatten') || flattened.has(node.name)) return undefined;
          const original = node.selectionSet;
          const needed =
            !hasTypenameKey(original, context) && selectDifferently(objectTypesOf(type, context), [original], context);
          return needed ? { ...node, selectionSet: withTypename(original) } : undefined;
        },
      },
    }),
  );
  if (document === file.document) return file;
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  return { ...file, document, operation: operation ?? file.operation };
}

function withTypename(set: SelectionSetNode): SelectionSetNode {
  return { ...set, selections: [NODE, ...set.selections] };
}

/** Returns whether the key `__typename` is selected unconditionally, or is the alias of another field. */
function hasTypenameKey(set: SelectionSetNode, context: SelectionContext): boolean {
  return set.selections.some((selection) => {
    if (selection.kind !== Kind.FIELD) {
      const fragment =
        selection.kind === Kind.FRAGMENT_SPREAD ? context.fragments.get(selection.name.value) : selection;
      return fragment !== undefined && isAliased(fragment.selectionSet, context);
    }
    if (selection.alias?.value === TYPENAME && selection.name.value !== TYPENAME) return true;
    const key = (selection.alias ?? selection.name).value;
    return key === TYPENAME && !directiveNamed(selection, 'skip') && !directiveNamed(selection, 'include');
  });
}

/** Returns whether another field has the alias `__typename`. */
function isAliased(set: SelectionSetNode, context: SelectionContext): boolean {
  return set.selections.some((selection) => {
    if (selection.kind === Kind.FIELD) return selection.alias?.value === TYPENAME && selection.name.value !== TYPENAME;
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? context.fragments.get(selection.name.value) : selection;
    return fragment !== undefined && isAliased(fragment.selectionSet, context);
  });
}

/** Returns the name nodes of fields in fragments with `@flatten`. `visit` copies field nodes, but not name nodes. */
function flattenedByFragments({ document }: EndpointFile, context: SelectionContext): ReadonlySet<FieldNode['name']> {
  const names = new Set<FieldNode['name']>();
  const addNames = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) names.add(selection.name);
      else if (selection.kind === Kind.INLINE_FRAGMENT) addNames(selection.selectionSet);
      else {
        const fragment = context.fragments.get(selection.name.value);
        if (fragment) addNames(fragment.selectionSet);
      }
    }
  };
  visit(document, {
    InlineFragment: (node) => void (directiveNamed(node, 'flatten') && addNames(node.selectionSet)),
    FragmentSpread: (node) => {
      const fragment = directiveNamed(node, 'flatten') && context.fragments.get(node.name.value);
      if (fragment) addNames(fragment.selectionSet);
    },
  });
  return names;
}
