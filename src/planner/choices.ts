import type { OpField } from '../operation/operation.ts';
import { type FieldIndex, needsOwnLookup } from './field-index.ts';
import type { Position } from './positions.ts';
import { readableField, scopeOf } from './subgraph-scope.ts';

/** The number of choices of a field with inputs. */
const WITH_INPUTS = 1_000;
/** Is added to the number of choices of fields in defer groups, which are placed last. */
export const AFTER_THE_REST = 10_000;

/** Returns how many ways there are to read a field. Those with the fewest are placed first. */
export function choicesOf(fieldIndex: FieldIndex, position: Position, owner: string, field: OpField): number {
  const first = position.nodes[0];
  // a field that comes with the objects has no alternative; as a key, it then costs nothing
  if (first && !field.selection && readableField(fieldIndex, scopeOf(first), owner, field.name)) return 0;
  const providers = fieldIndex.providers(owner, field.name);
  // fields with inputs go last: by then the subgraphs of their inputs may be requested anyway
  return providers.some((provider) => needsOwnLookup(provider.field)) ? WITH_INPUTS : providers.length;
}

/**
 * Sorts fields by their choices, the fewest first. Leaves that are looked up for deferred fragments come after fields with inputs: an input
 * may be the same field, and is then read once.
 */
export function inOrder<T extends { readonly field: OpField; readonly choices: number; readonly isDeferred: boolean }>(
  tasks: T[],
): T[] {
  const haveInputs = tasks.some(({ choices }) => choices % AFTER_THE_REST === WITH_INPUTS);
  const rank = ({ field, choices, isDeferred }: T) =>
    haveInputs && isDeferred && !field.selection ? choices + AFTER_THE_REST : choices;
  return tasks.sort((a, b) => rank(a) - rank(b));
}
