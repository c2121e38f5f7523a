import type {
  DocumentNode,
  GraphQLFormattedError,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { executeSync, Kind } from 'graphql';

export interface Introspected {
  /** JSON texts by response key. */
  readonly texts: ReadonlyMap<string, string>;
  readonly errors: readonly GraphQLFormattedError[];
}

export const NOTHING_INTROSPECTED: Introspected = { texts: new Map(), errors: [] };

/** An operation cut down to its introspection fields; `undefined` where it has none. */
export function introspectionPart(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): DocumentNode | undefined {
  if (operation.operation !== 'query') return undefined;
  const selectionSet = introspectionFields(document, operation.selectionSet, new Set());
  if (selectionSet.selections.length === 0) return undefined;
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return { kind: Kind.DOCUMENT, definitions: [{ ...operation, selectionSet }, ...fragments] };
}

function introspectionFields(document: DocumentNode, set: SelectionSetNode, spread: Set<string>): SelectionSetNode {
  const selections = set.selections.flatMap((selection): SelectionNode[] => {
    if (selection.kind === Kind.FIELD) return ['__schema', '__type'].includes(selection.name.value) ? [selection] : [];
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return inline(selection, introspectionFields(document, selection.selectionSet, spread));
    }
    const name = selection.name.value;
    const fragment = document.definitions.find((d) => d.kind === Kind.FRAGMENT_DEFINITION && d.name.value === name);
    if (fragment?.kind !== Kind.FRAGMENT_DEFINITION || spread.has(name)) return [];
    const selectionSet = introspectionFields(document, fragment.selectionSet, new Set([...spread, name]));
    return inline({ directives: selection.directives }, selectionSet);
  });
  return { kind: Kind.SELECTION_SET, selections };
}

function inline(from: Pick<SelectionNode, 'directives'>, selectionSet: SelectionSetNode): SelectionNode[] {
  return selectionSet.selections.length === 0
    ? []
    : [{ kind: Kind.INLINE_FRAGMENT, directives: from.directives ?? [], selectionSet }];
}

/** Answers introspection fields from the public schema, as the reference implementation does. */
export function introspect(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
): Introspected {
  const { data, errors } = executeSync({ schema, document, variableValues: variables });
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(data ?? {})) texts.set(key, JSON.stringify(value));
  return { texts, errors: (errors ?? []).map((error) => error.toJSON()) };
}
