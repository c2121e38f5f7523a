import { GraphQLError, parse, validate } from 'graphql';
import { type DeferGroups, findDeferredFields } from '../operation/defer-groups.ts';
import { fieldsOfFragments } from '../operation/deferred-fragments.ts';
import { normalise } from '../operation/normalise.ts';
import type { Operation } from '../operation/operation.ts';
import { VALIDATION_RULES } from '../operation/validation-rules.ts';
import { FieldIndex } from '../planner/field-index.ts';
import { nameOperations } from '../planner/operation-names.ts';
import { type PlanStages, planInStages } from '../planner/planner.ts';
import { planToJson, planToMermaid, printPlan } from '../planner/print-plan.ts';
import { printBatches, printFetches, printProviders, printSelection } from '../planner/print-stages.ts';
import { runToEnd } from '../shared/steps.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { chooseOperation } from './documents.ts';
import { isActiveFor, OverrideLabels } from './override-labels.ts';

/** The stages of planning that can be printed, in order. */
export const PLAN_STAGES = ['operation', 'providers', 'fetches', 'batches', 'plan'] as const;
export type PlanStage = (typeof PLAN_STAGES)[number];
export const PLAN_FORMATS = ['text', 'json', 'mermaid'] as const;
export type PlanFormat = (typeof PLAN_FORMATS)[number];

/** An operation to explain. */
export interface ExplainRequest {
  readonly query: string;
  readonly operationName?: string | undefined;
  /** Only variables in `@skip` and `@include` make a difference. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  /** Active labels of progressive `@override`. */
  readonly labels?: readonly string[] | undefined;
  /**
   * The percentile of the request, from 0 to 100: labels `percent(n)` with a higher n are active. Without it, none
   * is.
   */
  readonly percent?: number | undefined;
  /** Parts of the query that the rest does not wait for. */
  readonly deferGroups?: DeferGroups | undefined;
  /** Whether `@defer` and `@stream` count, as for a client that reads parts. */
  readonly incremental?: boolean | undefined;
  /** Whether operations for subgraphs have names, as with `traffic_shaping.all.operation_names`. */
  readonly operationNames?: boolean | undefined;
  readonly stage?: PlanStage | undefined;
  readonly format?: PlanFormat | undefined;
}

/** Thrown when the operation cannot be planned because it is not valid; one message a line. */
export class ExplainError extends Error {
  override readonly name = 'ExplainError';
}

/**
 * Prints the plan of an operation, or an earlier stage of it.
 * @throws ExplainError when the operation is not valid, a label is unknown, or the format does not fit the stage
 */
export function explainPlan(supergraph: Supergraph, request: ExplainRequest): string {
  const { stage = 'plan', format = 'text' } = request;
  if (stage !== 'plan' && format !== 'text')
    throw new ExplainError(`The stage "${stage}" is available as text only. Leave out the format, or set it to text.`);
  const fieldIndex = new FieldIndex(supergraph, activeLabels(supergraph, request));
  const stages = planRequest(supergraph, fieldIndex, request);
  switch (stage) {
    case 'operation':
      return printSelection(stages.operation.selection);
    case 'providers':
      return printProviders(stages.operation.selection, fieldIndex);
    case 'fetches':
      return printFetches(stages.fetches);
    case 'batches':
      return printBatches(stages.batches);
    default:
      if (format === 'json') return `${JSON.stringify(planToJson(stages.plan), null, 2)}\n`;
      return format === 'mermaid' ? planToMermaid(stages.plan) : printPlan(stages.plan);
  }
}

function activeLabels(supergraph: Supergraph, { labels = [], percent }: ExplainRequest): ReadonlySet<string> {
  const { all } = runToEnd(OverrideLabels.read(supergraph, {}));
  const unknown = labels.find((label) => !all.includes(label));
  if (unknown !== undefined) {
    const known = all.length > 0 ? `The labels are ${all.join(', ')}.` : 'No @override has a label.';
    throw new ExplainError(`No @override has the label "${unknown}". ${known}`);
  }
  return new Set(
    all.filter((label) => labels.includes(label) || (percent !== undefined && isActiveFor(label, percent))),
  );
}

function planRequest(supergraph: Supergraph, fieldIndex: FieldIndex, request: ExplainRequest): PlanStages {
  const operation = explainedOperation(supergraph, request);
  const deferred = operation.fragmentSets
    ? fieldsOfFragments(operation)
    : request.deferGroups && findDeferredFields(operation, request.deferGroups);
  const stages = planInStages(operation, fieldIndex, deferred?.size ? deferred : undefined);
  return request.operationNames ? { ...stages, plan: nameOperations(stages.plan, () => true) } : stages;
}

/**
 * Returns the normalized operation of a request.
 * @throws ExplainError when it is not valid
 */
export function explainedOperation(supergraph: Supergraph, request: ExplainRequest): Operation {
  const document = parseQuery(request.query);
  const errors = validate(supergraph.publicSchema, document, VALIDATION_RULES);
  if (errors.length > 0) throw new ExplainError(errors.map(describe).join('\n'));
  const operation = chooseOperation(document, request.operationName);
  if (!('kind' in operation)) throw new ExplainError(operation.message);
  const conditions: Record<string, unknown> = {};
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    const { value: name } = variable.name;
    conditions[name] =
      request.variables?.[name] ?? (defaultValue?.kind === 'BooleanValue' ? defaultValue.value : undefined);
  }
  return normalise(document, operation, supergraph, conditions, request.incremental);
}

function parseQuery(query: string) {
  try {
    return parse(query);
  } catch (error) {
    if (error instanceof GraphQLError) throw new ExplainError(describe(error));
    throw error;
  }
}

function describe(error: GraphQLError): string {
  const at = error.locations?.[0];
  return `${at ? `${at.line}:${at.column} ` : ''}${error.message}`;
}
