import type { Problem } from '../../config/problem.ts';
import { directiveNamed, durationOf, settingsOf } from '../endpoints/directives.ts';
import type { EndpointFile } from '../endpoints/endpoint-file.ts';
import { problemAt } from '../endpoints/problem-at.ts';

/** How an endpoint treats `Idempotency-Key`. */
export interface IdempotencyRule {
  /** Whether requests without a key are rejected. */
  readonly required: boolean;
  /** How long a response is replayed, in milliseconds. */
  readonly windowMs: number;
}

const DAY_MS = 86_400_000;

/**
 * Returns the rule of an endpoint. Every mutation supports a key; `idempotency:` sets whether it is required, and its window.
 * @returns `undefined` for a query or a subscription; problems where one has `idempotency:`
 */
export function idempotencyRule(file: EndpointFile): IdempotencyRule | undefined | Problem[] {
  const directive = directiveNamed(file.operation, 'endpoint');
  const own = settingsOf(directive, 'idempotency');
  if (file.operation.operation === 'mutation') {
    return { required: own.required === true, windowMs: durationOf(own.window) ?? DAY_MS };
  }
  if (Object.keys(own).length === 0) return undefined;
  const message = `A ${file.operation.operation} changes nothing, so it needs no Idempotency-Key.`;
  return [problemAt(file.file, directive, 'ENDPOINT_IDEMPOTENCY', message, 'Remove "idempotency".')];
}
