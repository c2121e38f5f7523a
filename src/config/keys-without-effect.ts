import type { Env } from './expand.ts';

interface OffByDefault {
  /** The keys that lead to the section. */
  readonly at: readonly string[];
  /** Keys in it that have an effect while it is off. */
  readonly effective?: readonly string[];
  /** Variables that switch it on or off in place of the file. */
  readonly variables?: readonly string[];
}

const EXPORTERS = ['telemetry', 'exporters'];
const OF_METRICS = ['OTEL_METRICS_EXPORTER', 'OTEL_SDK_DISABLED'];

/** The sections that are off until somebody writes `enabled: true`. `response_cache` checks itself. */
const SECTIONS: readonly OffByDefault[] = [
  { at: ['file_upload'] },
  { at: ['batching'] },
  { at: ['persisted_queries'] },
  // rate limits count lists by it
  { at: ['demand_control'], effective: ['strategy.static_estimated.list_size'] },
  { at: [...EXPORTERS, 'tracing', 'otlp'], variables: ['OTEL_TRACES_EXPORTER', 'OTEL_SDK_DISABLED'] },
  { at: [...EXPORTERS, 'metrics', 'otlp'], variables: OF_METRICS },
  // another name of `admin.listen`
  { at: [...EXPORTERS, 'metrics', 'prometheus'], effective: ['listen'], variables: OF_METRICS },
  { at: ['telemetry', 'metrics', 'prometheus'], effective: ['listen'], variables: OF_METRICS },
];

/**
 * Returns the keys that have no effect because their section is off, and nobody has written that it is to be off: `enabled: false` says so.
 * @param config as it is written, without defaults
 */
export function keysWithoutEffect(config: unknown, env: Env = {}): { path: string[]; message: string }[] {
  return SECTIONS.flatMap(({ at, effective = [], variables = [] }) => {
    const section = at.reduce<unknown>((above, key) => (isSection(above) ? above[key] : undefined), config);
    if (!isSection(section) || section.enabled !== undefined || variables.some((name) => env[name])) return [];
    const message = `has no effect without \`${at.join('.')}.enabled: true\``;
    const leaves = leavesOf(section).filter((path) => !effective.includes(path.join('.')));
    return leaves.map((path) => ({ path: [...at, ...path], message }));
  });
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the paths of all values that are no sections. */
function leavesOf(section: Record<string, unknown>): string[][] {
  return Object.entries(section).flatMap(([key, value]) => {
    if (!isSection(value)) return value === undefined ? [] : [[key]];
    return leavesOf(value).map((path) => [key, ...path]);
  });
}
