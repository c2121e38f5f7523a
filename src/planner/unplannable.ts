import type { OpField } from '../operation/operation.ts';
import type { FieldIndex, Provider } from './field-index.ts';
import type { Position } from './positions.ts';

/** Thrown for a field that no subgraph can resolve on any path: a composed supergraph does not allow it. */
export class UnplannableError extends Error {
  override readonly name = 'UnplannableError';
}

/** Thrown for a field that the supergraph has but that cannot be resolved; clients see the message. */
export class UnsupportedFieldError extends Error {
  override readonly name = 'UnsupportedFieldError';
  /** The message without the reason, which names parts of subgraphs. */
  readonly brief: string;

  constructor(brief: string, reason: string) {
    super(`${brief}: ${reason}`);
    this.brief = `${brief}.`;
  }
}

/** Returns an error with the field and its place in the response. */
export function unplannable(position: Position, owner: string, field: OpField): UnplannableError {
  return new UnplannableError(
    `No subgraph can resolve ${owner}.${field.name} at ${pathTo(position, field.responseKey)}`,
  );
}

/** Returns an error with the reason why a field of the supergraph cannot be resolved. */
export function unplannableError(fieldIndex: FieldIndex, position: Position, owner: string, field: OpField): Error {
  const providers = fieldIndex.providers(owner, field.name);
  const withContext = providers.find((provider) => provider.field.contextArguments.length > 0);
  return withContext ? missingContext(position, owner, withContext) : unplannable(position, owner, field);
}

/** Returns an error with the argument whose context is missing, or whose look-up is impossible. */
function missingContext(position: Position, owner: string, { subgraph, type, field }: Provider) {
  const arguments_ = field.contextArguments.map(({ name, context }) => `"${name}" (context ${context})`).join(', ');
  const keyed = type.keys.some(({ resolvable }) => resolvable);
  const reason = keyed
    ? 'no object above it is of a type that sets the context, or the value there cannot be fetched'
    : `${owner} has no resolvable @key there, which a field with such an argument needs`;
  return new UnsupportedFieldError(
    `${owner}.${field.name} cannot be queried at ${pathTo(position, field.name)}`,
    `the subgraph "${subgraph.name}" takes ` + `${arguments_} from @fromContext, but ${reason}.`,
  );
}

function pathTo(position: Position, last: string): string {
  const path: string[] = [last];
  for (let at = position.origin; at; at = at.parent.origin) path.unshift(at.alias.key);
  return path.join('.');
}
