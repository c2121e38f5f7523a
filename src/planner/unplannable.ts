import type { OpField } from '../operation/operation.ts';
import type { SubgraphField } from '../supergraph/supergraph.ts';
import type { FetchNode, Position } from './positions.ts';

/** A field that no subgraph can give on any way: a supergraph that composed would not allow it. */
export class UnplannableError extends Error {
  override readonly name = 'UnplannableError';
}

/** The supergraph uses something here that is not planned yet; the message is for clients, too. */
export class UnsupportedFieldError extends Error {
  override readonly name = 'UnsupportedFieldError';
}

/** @returns an error that says which field, and where in the response */
export function unplannable(position: Position, owner: string, field: OpField): UnplannableError {
  const path: string[] = [field.responseKey];
  for (let at = position.origin; at; at = at.parent.origin) path.unshift(at.wire.key);
  return new UnplannableError(`No subgraph can give ${owner}.${field.name} at ${path.join('.')}`);
}

/** @returns an error that says which argument would need the context */
export function needsContext({ fetch }: FetchNode, owner: string, { name, contextArguments }: SubgraphField) {
  const [argument] = contextArguments;
  return new UnsupportedFieldError(
    `${owner}.${name} cannot be asked for: its argument "${argument?.name}" in the subgraph "${fetch.subgraph.name}" comes ` +
      'from @fromContext, and values from a context are not passed to subgraphs yet.',
  );
}
