import { type ExplainRequest, explainPlan } from '../pipeline/explain.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { indent } from './effect.ts';
import { countOf } from './failure.ts';

/** The schemas before and after a change. */
export interface Schemas {
  readonly before: Supergraph;
  readonly now: Supergraph;
}

interface Size {
  readonly requests: number;
  readonly waves: number;
}

/** Returns a warning with both plans if an operation takes more requests, or more waves of requests, than before. */
export function slowerBy(name: string, request: ExplainRequest, { before, now }: Schemas): string[] {
  const [was, is] = [sizeOf(before, request), sizeOf(now, request)];
  if (is.waves <= was.waves && is.requests <= was.requests) return [];
  const plans = [before, now].map((supergraph) => indent(explainPlan(supergraph, request).trimEnd()));
  return [
    `warning    ${name} takes ${sizeText(is)}, and took ${sizeText(was)}\n` +
      `  before\n${plans[0]}\n  now\n${plans[1]}`,
  ];
}

function sizeOf(supergraph: Supergraph, request: ExplainRequest): Size {
  const { requests }: { requests: readonly { wave: number }[] } = JSON.parse(
    explainPlan(supergraph, { ...request, format: 'json' }),
  );
  return { requests: requests.length, waves: Math.max(0, ...requests.map(({ wave }) => wave)) };
}

function sizeText({ requests, waves }: Size): string {
  return `${countOf(requests, 'request')} in ${countOf(waves, 'wave')}`;
}
