import type { GraphQLFormattedError } from 'graphql';
import { CacheControlAccumulator } from '../client/freshness.ts';
import type { CompiledPlan } from '../executor/compile.ts';
import { executePlan } from '../executor/execution.ts';
import { OverloadedError } from '../executor/memory-budget.ts';
import { takeDataText } from '../executor/take-data-text.ts';
import type { ClientContext } from '../sources/source.ts';
import { NOT_CACHEABLE } from './cache-policy.ts';
import type { EngineOptions, EngineRequest, ExecutionResult } from './engine.ts';
import type { CheckedOperation, PolicyResult } from './evaluate-policies.ts';
import { NOTHING_INTROSPECTED } from './introspection.ts';
import { maskErrors, withoutSuggestions } from './mask-errors.ts';
import type { PartialPlan, PreparedOperation } from './prepared-operation.ts';
import type { View } from './views.ts';

/** One request's operation with the results of the earlier stages. */
export interface OperationRun {
  readonly view: View;
  readonly prepared: PreparedOperation;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly request: EngineRequest;
  readonly options: EngineOptions;
}

/**
 * Evaluates the policies that apply to the operation. Refuses it, or executes it without the fields that they drop.
 */
export async function executeWithPolicies(run: OperationRun, checked: CheckedOperation): Promise<ExecutionResult> {
  const { prepared, variables, request } = run;
  const decided = checked.evaluatePolicies(variables, request.client);
  const policyResult: PolicyResult = 'then' in decided ? await decided : decided;
  if (policyResult.isPlain) return executePrepared(run, prepared);
  const { refusal, drop } = policyResult;
  if (refusal) {
    const { status, errors } = refusal;
    const { label: operation } = prepared;
    return { dataText: undefined, errors, refusal: 'policy', status, operation, ...policyResult.extras(undefined) };
  }
  const partial = drop.length === 0 ? undefined : prepared.without(checked, drop);
  const result = await executePrepared(run, partial ?? prepared).catch(overloadedOrThrow);
  if (result.refusal) {
    const extras = policyResult.extras(undefined);
    return { ...extras, ...result, headers: { ...extras.headers, ...result.headers } };
  }
  return withExtras(result, policyResult, partial?.dropped.suppressed);
}

/**
 * Adds what policies contribute to a result.
 * @param suppressed errors of dropped fields that clients do not see
 */
function withExtras(
  result: ExecutionResult,
  policyResult: PolicyResult,
  suppressed: ReadonlySet<GraphQLFormattedError> | undefined,
): ExecutionResult {
  const dataText = takeDataText(result);
  const { errors: all, cachePolicy, dependsOn, operation } = result;
  const errors = suppressed && suppressed.size > 0 ? all.filter((error) => !suppressed.has(error)) : all;
  const extras = policyResult.extras({ dataText: dataText ?? 'null', errors });
  return { dataText, errors, cachePolicy, dependsOn, operation, ...extras };
}

/** Executes the plan as soon as it is ready. */
export function executePrepared(
  run: OperationRun,
  plan: Pick<PartialPlan, 'compiled'> & Partial<PartialPlan>,
): Promise<ExecutionResult> {
  const planned = plan.compiled;
  const knownErrors = plan.dropped?.all;
  if (!(planned instanceof Promise)) return executeCompiled(run, planned, knownErrors);
  return planned.then((compiled) => executeCompiled(run, compiled, knownErrors));
}

/** Runs the last three stages: execute, mask errors, compute the cache policy. */
function executeCompiled(
  { view: { supergraph, introspector }, prepared, variables, request, options }: OperationRun,
  compiled: CompiledPlan,
  knownErrors: readonly GraphQLFormattedError[] | undefined,
): Promise<ExecutionResult> {
  const { introspection, cachePolicy, label: operation } = prepared;
  const introspected = introspection ? introspector.introspect(introspection, variables) : NOTHING_INTROSPECTED;
  const { client: requester, sections, reportEveryPlace } = request;
  const client = cachePolicy === undefined || cachePolicy.fixed ? requester : withAccumulator(requester);
  const { sources, memoryBudget: budget, admissionQueue } = options;
  const { texts } = introspected;
  const run = { client, variables, introspected: texts, knownErrors, sections, reportEveryPlace };
  const input = { supergraph, sources, budget, admissionQueue, ...run };
  return executePlan(compiled, input, (result) => {
    const dataText = takeDataText(result);
    const { errors } = result;
    const executionErrors = errors.length > 0 ? exposedErrors(errors, requester, options) : errors;
    const all = introspected.errors.length > 0 ? [...introspected.errors, ...executionErrors] : executionErrors;
    if (cachePolicy === undefined) return { dataText, errors: all, operation };
    const isWhole = errors.length === 0 && all.length === 0;
    const resultPolicy = isWhole ? (cachePolicy.fixed ?? cachePolicy.recorded(client.freshness?.least)) : NOT_CACHEABLE;
    return { dataText, errors: all, cachePolicy: resultPolicy, dependsOn: prepared.recordOf(compiled), operation };
  });
}

function exposedErrors(
  errors: readonly GraphQLFormattedError[],
  client: ClientContext,
  { includesErrorsOf, onErrorsMasked, hideSuggestions }: EngineOptions,
): readonly GraphQLFormattedError[] {
  const { exposed, masked } = maskErrors(errors, includesErrorsOf ?? (() => true));
  // requests that were aborted because the client disconnected are not errors to log
  if (masked.length > 0 && !client.signal?.aborted) onErrorsMasked?.(masked, client);
  return hideSuggestions ? withoutSuggestions(exposed) : exposed;
}

/** Returns a client context that records how long the responses of sources may be cached. */
function withAccumulator(client: ClientContext): ClientContext {
  return client.freshness ? client : { ...client, freshness: new CacheControlAccumulator() };
}

/** Returns the result of an operation that was given up for lack of memory. */
export function overloaded({ message, extensions, status, headers }: OverloadedError): ExecutionResult {
  return { dataText: undefined, errors: [{ message, extensions }], refusal: 'overload', status, headers };
}

function overloadedOrThrow(error: unknown): ExecutionResult {
  if (error instanceof OverloadedError) return overloaded(error);
  throw error;
}
