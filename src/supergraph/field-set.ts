import type { FieldNode, SelectionSetNode } from 'graphql';
import { Kind, parse } from 'graphql';

const parsed = new Map<string, SelectionSetNode>();
const MAX_CACHED = 10_000;

/**
 * Parses a federation field set: `id customer { id }` becomes the selection set `{ id customer { id } }`.
 * The same text gives the same node.
 * @see https://specs.apollo.dev/federation/v2.3#FieldSet
 */
export function parseFieldSet(fields: string): SelectionSetNode {
  const known = parsed.get(fields);
  if (known) return known;
  const document = parse(fields.trimStart().startsWith('{') ? fields : `{${fields}}`, { noLocation: true });
  const definition = document.definitions[0];
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`"${fields}" is not a field set`);
  if (parsed.size >= MAX_CACHED) parsed.clear();
  parsed.set(fields, definition.selectionSet);
  return definition.selectionSet;
}

/** Calls `visit` with each field on the top level of a field set, including those in inline fragments. */
export function forEachTopField(set: SelectionSetNode, visit: (field: FieldNode) => void): void {
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) visit(selection);
    else if (selection.kind === Kind.INLINE_FRAGMENT) forEachTopField(selection.selectionSet, visit);
  }
}
