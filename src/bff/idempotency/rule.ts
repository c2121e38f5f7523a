import type { Problem } from '../../config/problem.ts';
import { directiveNamed, durationOf, settingsOf } from '../endpoints/directives.ts';
import type { EndpointFile } from '../endpoints/endpoint-file.ts';
import { problemAt } from '../endpoints/problem-at.ts';

/** How an endpoint treats `Idempotency-Key`. */
export interface IdempotencyRule {
  /** Whether a request without a key is refused. */
  readonly required: boolean;
  /** How long an answer is repeated, in milliseconds. */
  readonly windowMs: number;
}

const DAY_MS = 86_400_000;

/** Every endpoint that changes something takes a key; `idempotency:` says whether it must be there and for how long it holds. */
export function idempotencyRule(file: EndpointFile): IdempotencyRule | undefined | Problem[] {
  const directive = directiveNamed(file.operation, 'endpoint');
  const own = settingsOf(directive, 'idempotency');
  if (file.operation.operation === 'mutation') {
    return { required: own.required === true, windowMs: durationOf(own.window) ?? DAY_MS };
  }
  if (Object.keys(own).length === 0) return undefined;
  const message = 'A query changes nothing: it can be repeated without an Idempotency-Key.';
  return [problemAt(file.file, directive, 'ENDPOINT_IDEMPOTENCY', message, 'Take "idempotency" away.')];
}
