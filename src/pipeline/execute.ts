import type { GraphQLFormattedError } from 'graphql';
import { CacheControlAccumulator } from '../client/freshness.ts';
import type { CompiledPlan } from '../executor/compile.ts';
import { executePlan } from '../executor/execution.ts';
import { OverloadedError } from '../executor/memory-budget.ts';
import { takeDataText } from '../executor/take-data-text.ts';
import type { ClientContext } from '../sources/source.ts';
import { NOT_KEPT } from './cache-policy.ts';
import type { EngineOptions, EngineRequest, ExecutionResult } from './engine.ts';
import type { PolicedOperation, PolicyResult } from './evaluate-policies.ts';
import { NOTHING_INTROSPECTED } from './introspection.ts';
import { maskErrors, withoutSuggestions } from './mask-errors.ts';
import type { PartialPlan, PreparedOperation } from './prepared-operation.ts';
import type { View } from './views.ts';

/** An operation of one request, with all that the stages before have found out. */
export interface OperationRun {
  readonly view: View;
  readonly prepared: PreparedOperation;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly request: EngineRequest;
  readonly options: EngineOptions;
}

/** Evaluates the policies that have something to say of the operation: it is refused, or runs without what they drop. */
export async function executeWithPolicies(run: OperationRun, policed: PolicedOperation): Promise<ExecutionResult> {
  const { prepared, variables, request } = run;
  const decided = policed.evaluatePolicies(variables, request.client);
  const policyResult: PolicyResult = 'then' in decided ? await decided : decided;
  if (policyResult.isPlain) return executePrepared(run, prepared);
  const { refusal, drop } = policyResult;
  if (refusal) {
    const { status, errors } = refusal;
    const { label: operation } = prepared;
    return { dataText: undefined, errors, refusal: 'policy', status, operation, ...policyResult.extras(undefined) };
  }
  const part = drop.length === 0 ? undefined : prepared.without(policed, drop);
  const result = await executePrepared(run, part ?? prepared).catch(overloadedOrThrow);
  if (result.refusal) {
    const extras = policyResult.extras(undefined);
    return { ...extras, ...result, headers: { ...extras.headers, ...result.headers } };
  }
  return withExtras(result, policyResult, part?.dropped.suppressed);
}

/** @param suppressed errors of dropped fields that clients are not told of */
function withExtras(
  result: ExecutionResult,
  policyResult: PolicyResult,
  suppressed: ReadonlySet<GraphQLFormattedError> | undefined,
): ExecutionResult {
  const dataText = takeDataText(result);
  const { errors: all, cachePolicy, operation } = result;
  const errors = suppressed && suppressed.size > 0 ? all.filter((error) => !suppressed.has(error)) : all;
  return { dataText, errors, cachePolicy, operation, ...policyResult.extras({ dataText: dataText ?? 'null', errors }) };
}

/** Executes the plan as soon as it is made. */
export function executePrepared(
  run: OperationRun,
  plan: Pick<PartialPlan, 'compiled'> & Partial<PartialPlan>,
): Promise<ExecutionResult> {
  const planned = plan.compiled;
  const knownErrors = plan.dropped?.all;
  if (!(planned instanceof Promise)) return executeCompiled(run, planned, knownErrors);
  return planned.then((compiled) => executeCompiled(run, compiled, knownErrors));
}

/** The last three stages: execute, mask errors, find out how long the result may be cached. */
function executeCompiled(
  { view: { supergraph, introspector }, prepared, variables, request, options }: OperationRun,
  compiled: CompiledPlan,
  knownErrors: readonly GraphQLFormattedError[] | undefined,
): Promise<ExecutionResult> {
  const { introspection, cachePolicy, label: operation } = prepared;
  const introspected = introspection ? introspector.answer(introspection, variables) : NOTHING_INTROSPECTED;
  const { client: requester, sections, reportEveryPlace } = request;
  const client = cachePolicy === undefined || cachePolicy.fixed ? requester : withAccumulator(requester);
  const { sources, memoryBudget: budget, admissionQueue } = options;
  const { texts } = introspected;
  const run = { client, variables, introspected: texts, knownErrors, sections, reportEveryPlace };
  const input = { supergraph, sources, budget, admissionQueue, ...run };
  return executePlan(compiled, input, (result) => {
    const dataText = takeDataText(result);
    const { errors } = result;
    const own = errors.length > 0 ? exposedErrors(errors, requester, options) : errors;
    const all = introspected.errors.length > 0 ? [...introspected.errors, ...own] : own;
    if (cachePolicy === undefined) return { dataText, errors: all, operation };
    const isWhole = errors.length === 0 && all.length === 0;
    const resultLife = isWhole ? (cachePolicy.fixed ?? cachePolicy.recorded(client.freshness?.least)) : NOT_KEPT;
    return { dataText, errors: all, cachePolicy: resultLife, operation };
  });
}

function exposedErrors(
  errors: readonly GraphQLFormattedError[],
  client: ClientContext,
  { includesErrorsOf, onErrorsWithheld, hideSuggestions }: EngineOptions,
): readonly GraphQLFormattedError[] {
  const { exposed, withheld } = maskErrors(errors, includesErrorsOf ?? (() => true));
  // that what was under way for a client who has left ended early is nobody's mistake
  if (withheld.length > 0 && !client.signal?.aborted) onErrorsWithheld?.(withheld, client);
  return hideSuggestions ? withoutSuggestions(exposed) : exposed;
}

/** A client for whom it is recorded how long the responses of sources may be cached. */
function withAccumulator(client: ClientContext): ClientContext {
  return client.freshness ? client : { ...client, freshness: new CacheControlAccumulator() };
}

/** Returns the result of an operation that found no memory. */
export function overloaded({ message, extensions, status, headers }: OverloadedError): ExecutionResult {
  return { dataText: undefined, errors: [{ message, extensions }], refusal: 'overload', status, headers };
}

function overloadedOrThrow(error: unknown): ExecutionResult {
  if (error instanceof OverloadedError) return overloaded(error);
  throw error;
}
