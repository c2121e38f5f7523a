import type { OpField } from '../operation/operation.ts';
import { type FieldIndex, needsOwnLookup } from './field-index.ts';
import type { Position } from './positions.ts';
import { readableField, scopeOf } from './subgraph-scope.ts';

/** Returns how many ways there are to read a field. Those with the fewest are placed first. */
export function choicesOf(fieldIndex: FieldIndex, position: Position, owner: string, field: OpField): number {
  const first = position.nodes[0];
  // a field that comes with the objects has no alternative; as a key, it then costs nothing
  if (first && !field.selection && readableField(fieldIndex, scopeOf(first), owner, field.name)) return 0;
  const providers = fieldIndex.providers(owner, field.name);
  // fields with inputs go last: by then the subgraphs of their inputs may be requested anyway
  return providers.some((provider) => needsOwnLookup(provider.field)) ? 1_000 : providers.length;
}
