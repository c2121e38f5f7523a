import { loadSupergraph } from '../composition/load-supergraph.ts';
import { CompositionError } from '../composition/supergraph-provider.ts';
import { ExplainError, explainPlan, PLAN_STAGES, type PlanFormat } from '../pipeline/explain.ts';
import { parseJson } from '../shared/exact-json.ts';
import { readSupergraph } from '../supergraph/supergraph.ts';
import { UsageError } from './failure.ts';
import { readGivenText } from './read-given-file.ts';
import { originOf, type SchemaSourceFlags } from './schema-source.ts';

export interface PlanFlags extends SchemaSourceFlags {
  /** A file, or `-` for standard input. */
  readonly query: string;
  readonly operation?: string;
  /** JSON text. */
  readonly variables?: string;
  readonly label?: readonly string[];
  readonly percent?: number;
  readonly operationNames?: boolean;
  readonly defer?: boolean;
  readonly stage?: string;
  readonly format: PlanFormat;
}

/** `headgate plan`: prints the plan of an operation, or the output of one planner stage. */
export async function plan(flags: PlanFlags): Promise<void> {
  const stage = stageOf(flags.stage);
  const variables = readVariables(flags.variables);
  const query = await readGivenText('query', flags.query);
  const loaded = await loadSupergraph(originOf(flags));
  if (!loaded.ok) throw new CompositionError(loaded.problems);
  const supergraph = readSupergraph(loaded.update.sdl);
  const { operation: operationName, label: labels, percent, operationNames, defer: incremental, format } = flags;
  try {
    const plan = explainPlan(supergraph, {
      query,
      operationName,
      variables,
      labels,
      percent,
      operationNames,
      incremental,
      stage,
      format,
    });
    process.stdout.write(plan.endsWith('\n') ? plan : `${plan}\n`);
  } catch (error) {
    throw error instanceof ExplainError ? inFile(flags.query, error) : error;
  }
}

/** Throws `UsageError` with all stages for an unknown one. */
function stageOf(name: string | undefined) {
  const stage = PLAN_STAGES.find((known) => known === name);
  if (stage === undefined && name !== undefined) {
    throw new UsageError(`--stage: unknown stage "${name}". The stages are ${PLAN_STAGES.join(', ')}.`);
  }
  return stage;
}

/** Throws `UsageError` if the text is not a JSON object. */
export function readVariables(json: string | undefined): Record<string, unknown> | undefined {
  if (json === undefined) return undefined;
  try {
    const value = parseJson(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // reported below, like JSON of another kind
  }
  throw new UsageError(`--variables: expected a JSON object such as '{"id":"u1"}', not ${json}`);
}

/** Adds the file before each `line:column` of a message, and a hint where the file is an endpoint. */
export function inFile(query: string, { message }: ExplainError): ExplainError {
  const file = query === '-' ? '<stdin>' : query;
  const hint = OF_ENDPOINTS.test(message)
    ? '\n    hint: These are directives of endpoints. Remove them from the query.'
    : '';
  return new ExplainError(message.replaceAll(/^(?=\d+:\d+ )/gm, `${file}:`) + hint);
}

const OF_ENDPOINTS = /Unknown directive "@(?:endpoint|optional|flatten|from|range)"/;
