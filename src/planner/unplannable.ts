import type { OpField } from '../operation/operation.ts';
import type { FieldIndex, Provider } from './field-index.ts';
import type { Position } from './positions.ts';

/** A field that no subgraph can give on any way: a supergraph that composed would not allow it. */
export class UnplannableError extends Error {
  override readonly name = 'UnplannableError';
}

/** The supergraph promises what cannot be done; the message is for clients, too. */
export class UnsupportedFieldError extends Error {
  override readonly name = 'UnsupportedFieldError';
  /** Without the reason, which names parts of subgraphs. */
  readonly brief: string;

  constructor(brief: string, reason: string) {
    super(`${brief}: ${reason}`);
    this.brief = `${brief}.`;
  }
}

/** @returns an error that says which field, and where in the response */
export function unplannable(position: Position, owner: string, field: OpField): UnplannableError {
  return new UnplannableError(`No subgraph can give ${owner}.${field.name} at ${pathTo(position, field.responseKey)}`);
}

/** @returns an error that says why a field of the supergraph cannot be had */
export function noWay(fieldIndex: FieldIndex, position: Position, owner: string, field: OpField): Error {
  const providers = fieldIndex.providers(owner, field.name);
  const taking = providers.find((provider) => provider.field.contextArguments.length > 0);
  return taking ? lacksContext(position, owner, taking) : unplannable(position, owner, field);
}

/** @returns an error that says which argument would need a context that there is not, or a look-up that cannot be */
function lacksContext(position: Position, owner: string, { subgraph, type, field }: Provider) {
  const arguments_ = field.contextArguments.map(({ name, context }) => `"${name}" (context ${context})`).join(', ');
  const keyed = type.keys.some(({ resolvable }) => resolvable);
  const reason = keyed
    ? 'no object above it is of a type that sets the context, or what is read there cannot be fetched'
    : `${owner} has no resolvable @key there, which a field with such an argument needs`;
  return new UnsupportedFieldError(
    `${owner}.${field.name} cannot be asked for at ${pathTo(position, field.name)}`,
    `the subgraph "${subgraph.name}" takes ` + `${arguments_} from @fromContext, but ${reason}.`,
  );
}

function pathTo(position: Position, last: string): string {
  const path: string[] = [last];
  for (let at = position.origin; at; at = at.parent.origin) path.unshift(at.alias.key);
  return path.join('.');
}
