import type { StoreReport } from '../cache/cache-store.ts';
import { JSON_TYPE } from '../http/media-type.ts';
import { problemResponse } from '../http/problem.ts';
import { type HttpResponse, textResponse } from '../http/response.ts';
import type { UsageReport } from '../usage/usage-report.ts';
import type { AdminReplies, EndpointReport } from './admin-commands.ts';
import type { OperationCounts } from './canary-monitor.ts';

const NO_STORE = { 'cache-control': 'no-store' };

export function jsonResponse(status: number, body: object): HttpResponse {
  return textResponse(status, JSON_TYPE, JSON.stringify(body), NO_STORE);
}

/** Says how many processes have applied an action, or why none has. */
export function appliedResponse({ processes, replies }: AdminReplies, path: string): HttpResponse {
  const applied = replies.filter(({ kind }) => kind === 'applied').length;
  const refused = replies.find((reply) => reply.kind === 'refused');
  if (applied > 0) return jsonResponse(200, { applied, processes });
  if (refused) return problemResponse(refused.refusal, path);
  const detail = 'No process of the gateway responded in time.';
  return problemResponse({ status: 503, kind: 'no-response', detail, headers: { 'retry-after': '1' } }, path);
}

/** Lists the endpoints, each with its state in each process. */
export function endpointsResponse({ processes, replies }: AdminReplies): HttpResponse {
  const lists = replies.filter((reply) => reply.kind === 'endpoints');
  const merged = new Map<string, MergedEndpoint>();
  for (const { endpoints } of lists) {
    for (const report of endpoints) {
      const key = JSON.stringify([report.subgraph, report.variant, report.url]);
      merged.set(key, merge(merged.get(key), report));
    }
  }
  return jsonResponse(200, { processes, responded: lists.length, endpoints: [...merged.values()] });
}

/** Returns the most complete report: that of the process which has read it after all others had stored their counts. */
export function usageResponse({ processes, replies }: AdminReplies, path: string): HttpResponse {
  const reports = replies.flatMap((reply) => (reply.kind === 'usage' ? reply.report : []));
  const [best] = reports.sort((one, other) => requestsIn(other) - requestsIn(one));
  return best ? jsonResponse(200, best) : appliedResponse({ processes, replies }, path);
}

/** Returns the schema of the first process that has one, and of the first that has a canary. */
export function schemaResponse({ processes, replies }: AdminReplies, path: string): HttpResponse {
  const schemas = replies.filter((reply) => reply.kind === 'schema');
  const [first] = schemas;
  if (first === undefined) return appliedResponse({ processes, replies }, path);
  const canary = schemas.find((one) => one.canary !== undefined)?.canary ?? null;
  return jsonResponse(200, { id: first.id, sdl: first.sdl, canary });
}

function requestsIn({ operations }: UsageReport): number {
  return operations.flatMap(({ uses }) => uses).reduce((sum, { count }) => sum + count, 0);
}

/** Says what the canary has done so far, over all processes, and how the last one has ended. */
export function canaryResponse({ processes, replies }: AdminReplies): HttpResponse {
  const reports = replies.filter((reply) => reply.kind === 'canary').map(({ canary }) => canary);
  const running = reports.flatMap((report) => report.running ?? []);
  const [first] = running;
  const canary = first && {
    ...first,
    age_ms: Math.max(...running.map(({ age_ms }) => age_ms)),
    current: sumOf(running.map(({ current }) => current)),
    canary: sumOf(running.map((one) => one.canary)),
  };
  const ends = reports.flatMap(({ last }) => last ?? []).sort((one, other) => other.at.localeCompare(one.at));
  return jsonResponse(200, { processes, responded: reports.length, canary: canary ?? null, last: ends[0] ?? null });
}

function sumOf(counts: readonly OperationCounts[]): OperationCounts {
  return counts.reduce((sum, one) => {
    return { operations: sum.operations + one.operations, failed: sum.failed + one.failed };
  });
}

type StateKey = 'health' | 'ejected' | 'ejected_for_ms' | 'ejections' | 'circuit_breaker' | 'requests_in_progress';

/** An endpoint, with what is the same in all processes, and what each process has learned by itself. */
type MergedEndpoint = Omit<EndpointReport, StateKey> & {
  readonly requests_in_progress?: number | undefined;
  readonly state: readonly Pick<EndpointReport, StateKey>[];
};

function merge(known: MergedEndpoint | undefined, report: EndpointReport): MergedEndpoint {
  const { health, ejected, ejected_for_ms, ejections, circuit_breaker, requests_in_progress, ...same } = report;
  const own = { health, ejected, ejected_for_ms, ejections, circuit_breaker, requests_in_progress };
  if (known === undefined) return { ...same, requests_in_progress, state: [own] };
  const sum = requests_in_progress === undefined ? undefined : (known.requests_in_progress ?? 0) + requests_in_progress;
  return { ...known, requests_in_progress: sum, state: [...known.state, own] };
}

/** Lists what is cached in memory: the keys that were used most, and the tags with the most values, over all processes. */
export function cacheResponse({ processes, replies }: AdminReplies, path: string): HttpResponse {
  const refused = replies.find((reply) => reply.kind === 'refused');
  if (refused) return problemResponse(refused.refusal, path);
  const reports = replies.flatMap((reply) => (reply.kind === 'cache' ? [reply.report] : []));
  const sum = (read: (report: StoreReport) => number) => reports.reduce((all, report) => all + read(report), 0);
  const tags = new Map<string, number>();
  for (const { tag, entries } of reports.flatMap((report) => report.tags))
    tags.set(tag, (tags.get(tag) ?? 0) + entries);
  const keys = new Map<string, { hits: number; bytes: number }>();
  for (const { key, hits, bytes } of reports.flatMap((report) => report.keys))
    keys.set(key, { hits: hits + (keys.get(key)?.hits ?? 0), bytes });
  return jsonResponse(200, {
    ...{ processes, responded: reports.length },
    ...{ entries: sum(({ entries }) => entries), bytes: sum(({ bytes }) => bytes) },
    tags: [...tags].map(([tag, entries]) => ({ tag, entries })).sort((one, other) => other.entries - one.entries),
    keys: [...keys].map(([key, use]) => ({ key, ...use })).sort((one, other) => other.hits - one.hits),
  });
}
