import { readFileSync } from 'node:fs';
import { findBreakingChanges } from 'graphql';
import { compileEndpoints, type Endpoint } from '../bff/endpoints/endpoints.ts';
import { readEndpointFolder } from '../bff/endpoints/folder.ts';
import { loadShapes } from '../bff/shapes/load-shapes.ts';
import { loadSupergraph } from '../composition/load-supergraph.ts';
import { CompositionError } from '../composition/supergraph-provider.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { type ExplainRequest, explainPlan } from '../engine/explain.ts';
import { readSupergraph, type Supergraph } from '../supergraph/supergraph.ts';
import { AlreadyReported } from './failure.ts';
import { type OriginFlags, originOf } from './origin.ts';
import { bffFolder } from './start.ts';

export interface CheckFlags extends OriginFlags {
  /** The supergraph SDL as it was. */
  readonly against: string;
  readonly bff?: string;
}

/**
 * `headgate check`: what a change of the schema breaks for clients, which endpoints it breaks (exit 1), and which it makes
 * slower (a warning, with both plans).
 */
export async function check(flags: CheckFlags): Promise<void> {
  const before = readSupergraph(readFileSync(flags.against, 'utf8'));
  const loaded = await loadSupergraph(originOf(flags));
  if (!loaded.ok) throw new CompositionError(loaded.problems);
  const now = readSupergraph(loaded.update.sdl);
  const breaking = findBreakingChanges(before.publicSchema, now.publicSchema).filter(
    ({ description }) => !description.startsWith('Standard scalar '),
  );
  console.log(
    `schema     ${breaking.length === 0 ? 'no breaking changes' : counted(breaking.length, 'breaking change')}`,
  );
  for (const { type, description } of breaking) console.log(`  ${type}  ${description}`);
  const dir = bffFolder(flags);
  const broken = dir === undefined ? 0 : await checkEndpoints(dir, before, now);
  if (breaking.length + broken > 0) throw new AlreadyReported();
}

/** @returns how many endpoints the change breaks */
async function checkEndpoints(dir: string, before: Supergraph, now: Supergraph): Promise<number> {
  const folder = readEndpointFolder(dir);
  const shapes = await loadShapes(folder.shapes);
  const good = compileEndpoints(folder, before, { shapes });
  const kept = compileEndpoints(folder, now, { shapes });
  const wereGood = new Set(good.endpoints.map(({ file }) => file));
  const broken = kept.broken.filter(({ file }) => wereGood.has(file));
  const slower = kept.endpoints.flatMap((endpoint) =>
    wereGood.has(endpoint.file) ? slowerBy(endpoint, before, now) : [],
  );
  const parts = [
    ...(broken.length > 0 ? [`${broken.length} broken`] : []),
    ...(slower.length > 0 ? [`${slower.length} slower`] : []),
  ];
  console.log(`endpoints  ${dir}: ${parts.length === 0 ? 'as before' : parts.join(', ')}`);
  for (const { method, path, problems } of broken) {
    console.log(`\nbroken     ${method} ${path}`);
    for (const problem of problems) console.log(indented(formatProblem(problem satisfies Problem)));
  }
  for (const warning of slower) console.log(`\n${warning}`);
  return broken.length;
}

interface Size {
  readonly requests: number;
  readonly waves: number;
}

function slowerBy(
  { method, path, file, query, timed: sections }: Endpoint,
  before: Supergraph,
  now: Supergraph,
): string[] {
  const [was, is] = [sizeOf(before, { query, sections }), sizeOf(now, { query, sections })];
  if (is.waves <= was.waves && is.requests <= was.requests) return [];
  const plans = [before, now].map((supergraph) => indented(explainPlan(supergraph, { query, sections }).trimEnd()));
  return [
    `warning    ${method} ${path} (${file}) takes ${sizeText(is)}, and took ${sizeText(was)}\n` +
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
  return `${counted(requests, 'request')} in ${counted(waves, 'wave')}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
