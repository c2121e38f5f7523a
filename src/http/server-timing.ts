import type { RequestRecord } from '../shared/request-record.ts';
import type { RequestContext } from './request-context.ts';

/** Adds `Server-Timing` to the response, see {@link serverTiming}. */
export function addServerTiming(context: RequestContext): void {
  const { record, headers } = context;
  if (record === undefined) return;
  context.headers = { ...headers, 'server-timing': serverTiming(record) };
}

/**
 * Returns the value of `Server-Timing`: how long the phases of the request and each of its fetches took, in milliseconds, and `total`.
 * @param record where it is missing, there are no phases, no fetches and no total
 * @param parts further durations by name
 * @see https://www.w3.org/TR/server-timing/
 */
export function serverTiming(record: RequestRecord | undefined, parts?: ReadonlyMap<string, number>): string {
  const { respond: _, ...phases } = record?.phases() ?? {};
  const metrics = Object.entries(phases).map(([phase, ms]) => metric(phase, ms));
  for (const { subgraph, durationMs } of record?.execution.fetches ?? []) {
    if (durationMs !== undefined) metrics.push(metric(`fetch_${subgraph}`, durationMs));
  }
  for (const [name, ms] of parts ?? []) metrics.push(metric(name, ms));
  if (record) metrics.push(metric('total', record.elapsedMs));
  return metrics.join(', ');
}

/** A name is a token of HTTP, so other characters are replaced. */
function metric(name: string, ms: number): string {
  return `${name.replaceAll(/[^\w.-]/g, '_')};dur=${ms.toFixed(1)}`;
}
