import type { RequestContext } from './request-context.ts';

/**
 * Adds `Server-Timing` to the response: how long the phases of the request and each of its fetches took, in milliseconds, and `total`.
 * @see https://www.w3.org/TR/server-timing/
 */
export function addServerTiming(context: RequestContext): void {
  const { record, headers, startedAt } = context;
  if (record === undefined) return;
  const { respond: _, ...phases } = record.phases();
  const metrics = Object.entries(phases).map(([phase, ms]) => metric(phase, ms));
  for (const { subgraph, durationMs } of record.execution.fetches) {
    if (durationMs !== undefined) metrics.push(metric(`fetch_${subgraph}`, durationMs));
  }
  metrics.push(metric('total', performance.now() - startedAt));
  context.headers = { ...headers, 'server-timing': metrics.join(', ') };
}

/** A name is a token of HTTP, so other characters are replaced. */
function metric(name: string, ms: number): string {
  return `${name.replaceAll(/[^\w.-]/g, '_')};dur=${ms.toFixed(1)}`;
}
