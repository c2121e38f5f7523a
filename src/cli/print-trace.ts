import type { DebugJson } from '../shared/debug-trace.ts';
import type { FetchJson, TryTrace } from '../shared/fetch-trace.ts';
import type { ExplainedNull } from '../shared/null-cause.ts';
import { causeSentence, pathText } from './cause-sentence.ts';
import { countOf } from './failure.ts';
import { type Refusal, refusalLines } from './refusal.ts';

/** The part of a plan that is printed. */
interface PrintedPlan {
  readonly requests?: readonly {
    readonly id: number;
    readonly dependsOn: readonly number[];
    readonly document: string;
  }[];
}

/** The most characters of a document that are printed. */
const MAX_DOCUMENT = 300;

/** The most paths that are printed for one chain of causes. */
const MAX_PATHS = 5;

/**
 * Prints a debug trace for people: why the request was refused, each null with its causes, then the fetches with their documents and
 * times.
 *
 * Out:
 *
 *     query Shop in 34.2 ms (parse 0.3, plan 1.2, execute 30.1)
 *
 *     product.reviews[0] is null:
 *       · product.reviews[0].author is missing. Review.author has the type User!, so null propagates to product.reviews[0].
 *       · Fetch #2 to "users" failed: HTTP status 503 (SUBREQUEST_HTTP_ERROR), 2 tries: 503, 503.
 */
export function printTrace(trace: DebugJson, refusal?: Refusal): string {
  const lines = [...(refusal ? refusalLines(refusal) : []), heading(trace), ''];
  lines.push(...nullLines(trace, refusal !== undefined));
  for (const { decision, code, message, path, requirement } of trace.policies) {
    const what = decision === 'refused' ? 'The operation was refused' : `${pathText(path ?? [])} was dropped`;
    const needs = requirement === undefined ? '' : `. It needs ${requirement}`;
    lines.push(`policy: ${what}: ${message} (${code})${needs}`);
  }
  if (trace.policies.length > 0) lines.push('');
  lines.push(trace.fetches.length === 0 ? 'no fetches' : 'fetches:');
  for (const fetch of trace.fetches) lines.push(...fetchLines(fetch, trace));
  lines.push(...leftOutLines(trace));
  return `${lines.join('\n')}\n`;
}

function heading({ operation, durationMs, phases, requestId, isPlanCached }: DebugJson): string {
  const name = operation ? `${operation.type}${operation.name ? ` ${operation.name}` : ''}` : 'request';
  const times = Object.entries(phases).map(([phase, ms]) => `${phase} ${ms}`);
  const shown = times.length > 0 ? ` (${times.join(', ')})` : '';
  const cached = isPlanCached === undefined ? '' : `, plan ${isPlanCached ? 'from the cache' : 'not cached'}`;
  return `${name} in ${durationMs} ms${shown}${cached}, request ${requestId}`;
}

function nullLines(trace: DebugJson, isRefused: boolean): string[] {
  const lines: string[] = [];
  for (const [chain, nulls] of byChain(trace)) {
    const shown = nulls.slice(0, MAX_PATHS).map(({ path }) => pathText(path));
    const more = nulls.length > MAX_PATHS ? `, and ${nulls.length - MAX_PATHS} more` : '';
    lines.push(`${shown.join(', ')}${more} ${nulls.length === 1 ? 'is' : 'are'} null:`, ...chain.split('\n'), '');
  }
  if (trace.nulls.length === 0 && !isRefused) lines.push('No null has another cause than its subgraph.', '');
  const { nullsOfSubgraphs: own } = trace;
  if (own > 0) lines.push(`${own} ${own === 1 ? 'null was' : 'nulls were'} returned by the subgraphs themselves.`, '');
  return lines;
}

/** Groups nulls whose chains differ in list indices only. Each chain is that of its first null. */
function byChain(trace: DebugJson): [chain: string, nulls: ExplainedNull[]][] {
  const groups = new Map<string, [chain: string, nulls: ExplainedNull[]]>();
  for (const one of trace.nulls) {
    const chain = one.causes.map((cause) => `  · ${causeSentence(cause, trace.fetches)}`).join('\n');
    const key = `${pathText(one.path)} ${chain}`.replaceAll(/\[\d+\]/g, '[]');
    const known = groups.get(key);
    if (known) known[1].push(one);
    else groups.set(key, [chain, [one]]);
  }
  return [...groups.values()];
}

function fetchLines(fetch: FetchJson, { plan }: DebugJson): string[] {
  const planned = (plan as PrintedPlan | undefined)?.requests?.find(({ id }) => id === fetch.request);
  const after = planned?.dependsOn.length ? `after ${planned.dependsOn.map((id) => `#${id}`).join(' ')}` : undefined;
  const objects = fetch.representations > 0 ? countOf(fetch.representations, 'representation') : undefined;
  const time = fetch.durationMs === undefined ? 'in flight' : `${fetch.durationMs} ms`;
  const facts = [
    `${fetch.startMs} ms + ${time}`,
    fetch.status === undefined ? undefined : `status ${fetch.status}`,
    fetch.bytes === undefined ? undefined : `${fetch.bytes} bytes`,
    fetch.error === undefined ? undefined : `${fetch.error}${fetch.reason === undefined ? '' : `: ${fetch.reason}`}`,
    fetch.isShared ? 'shared with an equal fetch in flight' : undefined,
    objects,
    after && `request ${after}`,
  ];
  const name = fetch.operationName === undefined ? '' : ` ${fetch.operationName}`;
  return [
    `  #${fetch.fetch} ${fetch.subgraph}${name}: ${facts.filter((fact) => fact !== undefined).join(', ')}`,
    ...(planned === undefined ? [] : [`       ${shortened(planned.document)}`]),
    ...fetch.tries.map((one) => `       ${tryLine(one)}`),
    ...(fetch.leftOutTries === undefined ? [] : [`       and ${fetch.leftOutTries} more`]),
    ...fetch.events.map((event) => `       ${event}`),
  ];
}

function shortened(document: string): string {
  return document.length > MAX_DOCUMENT ? `${document.slice(0, MAX_DOCUMENT)} …` : document;
}

function tryLine({ method = 'POST', url, startMs, durationMs, status, error, reason, because }: TryTrace): string {
  const time = durationMs === undefined ? 'no response yet' : `${durationMs} ms`;
  const result = error === undefined ? status : `${error}${reason === undefined ? '' : ` (${reason})`}`;
  return `${method} ${url} at ${startMs} ms: ${[result, time].filter((part) => part !== undefined).join(', ')}${because === undefined ? '' : ` [${because}]`}`;
}

function leftOutLines({ leftOut }: DebugJson): string[] {
  if (leftOut === undefined) return [];
  const { nulls, fetches, policies, plan, restOfResult } = leftOut;
  const parts = [
    nulls && countOf(nulls, 'more null'),
    fetches && `${fetches} more ${fetches === 1 ? 'fetch' : 'fetches'}`,
    policies && countOf(policies, 'more policy decision'),
    plan && `the plan of ${plan} characters`,
    restOfResult && 'the nulls in the rest of the result',
  ].filter((part) => typeof part === 'string');
  return ['', `The trace leaves out ${parts.join(', ')}.`];
}
