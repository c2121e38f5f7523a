import type { ClientContext, ResponseObserver } from '../sources/source.ts';
import { MALFORMED } from './errors.ts';
import type { Violation } from './write-context.ts';

/**
 * Reports subgraphs that left out requested fields without an error, once for each subgraph. This shows only when the result is
 * written, so the responses are not known any more.
 */
export function observeMissing(
  observer: ResponseObserver | undefined,
  violations: readonly Violation[],
  client: ClientContext,
): void {
  if (observer === undefined || violations.length === 0) return;
  const seen = new Set<string>();
  for (const { code, message, service } of violations) {
    if (code !== MALFORMED || service === undefined || seen.has(service)) continue;
    seen.add(service);
    const failure = { code, message, reason: 'a requested field is missing' } as const;
    observer.failed(service, { kind: 'failure', failure }, failure, client);
  }
}
