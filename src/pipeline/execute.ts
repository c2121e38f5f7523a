import type { DocumentNode, GraphQLFormattedError } from 'graphql';
import { CacheControlAccumulator } from '../client/freshness.ts';
import type { CompiledPlan } from '../executor/compile.ts';
import { executePlan, streamPlan } from '../executor/execute-plan.ts';
import type { Payload } from '../executor/payload.ts';
import type { DeferGroups } from '../operation/defer-groups.ts';
import type { QueryPlan } from '../planner/plan.ts';
import { planToJson } from '../planner/print-plan.ts';
import { OverloadedError } from '../shared/overloaded-error.ts';
import type { ClientContext } from '../sources/source.ts';
import { NOT_CACHEABLE } from './cache-policy.ts';
import { refuseFiles } from './check-files.ts';
import type { EngineOptions, EngineRequest } from './engine.ts';
import type { CheckedOperation, PolicyResult } from './evaluate-policies.ts';
import { type ExecutionResult, SingleResult, type StreamResult } from './execution-result.ts';
import { NOTHING_INTROSPECTED } from './introspection.ts';
import { maskErrors, withoutSuggestions } from './mask-errors.ts';
import { executeWithPlugins } from './plugin-stages.ts';
import type { PartialPlan, PreparedOperation } from './prepared-operation.ts';
import { tracePayloads } from './trace-payloads.ts';
import { traceDropped, traceRefusal } from './trace-policies.ts';
import type { View } from './views.ts';

/** One request's operation with the results of the earlier stages. */
export interface OperationRun {
  readonly view: View;
  readonly prepared: PreparedOperation;
  readonly document: DocumentNode;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly request: EngineRequest;
  readonly options: EngineOptions;
}

/** Runs the last stages with a plan. */
export type ExecuteCompiled<R extends ExecutionResult> = (
  run: OperationRun,
  compiled: CompiledPlan,
  knownErrors: readonly GraphQLFormattedError[] | undefined,
) => Promise<R>;

/**
 * Evaluates the policies that apply to the operation. Refuses it, or executes it without the fields that they drop.
 */
export async function executeWithPolicies<R extends ExecutionResult>(
  run: OperationRun,
  checked: CheckedOperation,
  execute: ExecuteCompiled<R>,
): Promise<R | SingleResult> {
  const { prepared, variables, request } = run;
  const { plugins } = request.client;
  const evaluate = () => checked.evaluatePolicies(variables, request.client);
  const decided = plugins?.hooks.onStage ? plugins.observe('policies', evaluate) : evaluate();
  const policyResult: PolicyResult = 'then' in decided ? await decided : decided;
  if (policyResult.isPlain) return executePrepared(run, prepared, execute);
  const { refusal, drop } = policyResult;
  const { debug } = request.client;
  if (debug && refusal) traceRefusal(debug, refusal);
  if (refusal) {
    const { status, errors } = refusal;
    const { label: operation } = prepared;
    const details = { refusal: 'policy', status, operation, ...policyResult.extras(undefined) } as const;
    return new SingleResult(undefined, errors, details);
  }
  const partial = drop.length === 0 ? undefined : prepared.without(checked, drop);
  if (debug && partial) traceDropped(debug, partial.dropped);
  const result = await executePrepared(run, partial ?? prepared, execute).catch(overloadedOrThrow);
  const suppressed = partial?.dropped.suppressed;
  if (result.kind === 'stream') return withPayloadExtras(result, policyResult, suppressed) as R;
  if (result.refusal) {
    const { headers, extensions } = policyResult.extras(undefined);
    return result.with({ extensions, headers: { ...headers, ...result.headers } });
  }
  return withExtras(result, policyResult, suppressed);
}

type SuppressedErrors = ReadonlySet<GraphQLFormattedError> | undefined;

/**
 * Adds what policies contribute to a result.
 * @param suppressed errors of dropped fields that clients do not see
 */
function withExtras(result: SingleResult, policyResult: PolicyResult, suppressed: SuppressedErrors): SingleResult {
  const dataText = result.takeText();
  const { cachePolicy, dependsOn, operation } = result;
  const errors = without(suppressed, result.errors);
  const extras = policyResult.extras({ dataText: dataText ?? 'null', errors });
  return new SingleResult(dataText, errors, { cachePolicy, dependsOn, operation, ...extras });
}

/** Adds what policies contribute to each payload; headers are sent before the first one. */
function withPayloadExtras(
  result: StreamResult,
  policyResult: PolicyResult,
  suppressed: SuppressedErrors,
): StreamResult {
  result.payloads.map((payload) => {
    const dataText = payload.takeText();
    const errors = without(suppressed, payload.errors);
    const { extensions } = policyResult.extras({ dataText: fromRoot(payload, dataText ?? 'null'), errors });
    return payload.replace(dataText, errors, extensions);
  });
  return { ...result, headers: policyResult.extras(undefined).headers };
}

function without(
  suppressed: SuppressedErrors,
  errors: readonly GraphQLFormattedError[],
): readonly GraphQLFormattedError[] {
  return suppressed && suppressed.size > 0 ? errors.filter((error) => !suppressed.has(error)) : errors;
}

/** Returns the data of a payload in its place: of a list, only the one item. */
function fromRoot({ deferred }: Payload, dataText: string): string {
  const path = deferred?.path ?? [];
  return path.reduceRight<string>(
    (text, step) => (typeof step === 'string' ? `{${JSON.stringify(step)}:${text}}` : `[${text}]`),
    dataText,
  );
}

/** Executes the plan as soon as it is ready. */
export function executePrepared<R extends ExecutionResult>(
  run: OperationRun,
  plan: Pick<PartialPlan, 'compiled'> & Partial<PartialPlan>,
  execute: ExecuteCompiled<R>,
): Promise<R | SingleResult> {
  const { plugins, debug, uploads } = run.request.client;
  const planned = plugins?.hooks.onStage ? plugins.observe('plan', () => plan.compiled) : plan.compiled;
  const knownErrors = plan.dropped?.all;
  const begin = (compiled: CompiledPlan) => {
    debug?.setPlan(() => planToJson(compiled.plan));
    const refused = uploads && refuseFiles(uploads, compiled, run.variables);
    if (refused) return Promise.resolve(refused);
    return plugins === undefined
      ? execute(run, compiled, knownErrors)
      : executeWithPlugins(run, compiled, plugins, () => execute(run, compiled, knownErrors));
  };
  return planned instanceof Promise ? planned.then(begin) : begin(planned);
}

/** Runs the last three stages: execute, mask errors, compute the cache policy. */
export function executeCompiled(
  { view: { supergraph, introspector }, prepared, variables, request, options }: OperationRun,
  compiled: CompiledPlan,
  knownErrors: readonly GraphQLFormattedError[] | undefined,
): Promise<SingleResult> {
  const { introspection, cachePolicy, label: operation } = prepared;
  const introspected = introspection ? introspector.introspect(introspection, variables) : NOTHING_INTROSPECTED;
  const { client: requester, deferGroups, reportEveryPlace } = request;
  requester.record?.begin('execute');
  const client = cachePolicy === undefined || cachePolicy.fixed ? requester : withAccumulator(requester);
  const { sources, memoryBudget: budget, admissionQueue, responseObserver, cachedSubgraphs } = options;
  const { texts } = introspected;
  const run = { client, variables, introspected: texts, knownErrors, deferGroups, reportEveryPlace };
  const input = { supergraph, sources, budget, admissionQueue, responseObserver, cachedSubgraphs, ...run };
  return executePlan(compiled, input, (dataText, errors) => {
    const executionErrors = errors.length > 0 ? exposedErrors(errors, requester, options) : errors;
    const all = introspected.errors.length > 0 ? [...introspected.errors, ...executionErrors] : executionErrors;
    if (cachePolicy === undefined) return new SingleResult(dataText, all, { operation });
    const isWhole = errors.length === 0 && all.length === 0 && !client.hasErrorStatus;
    const resultPolicy = isWhole ? (cachePolicy.fixed ?? cachePolicy.recorded(client.freshness?.least)) : NOT_CACHEABLE;
    const collected = client.cacheTags;
    const details = () => ({
      cachePolicy: collected && resultPolicy.maxAgeMs > 0 ? { ...resultPolicy, collected } : resultPolicy,
      dependsOn: prepared.recordOf(compiled),
      operation,
    });
    const { plugins } = requester;
    const computed = plugins?.hooks.onStage ? plugins.observe('cache policy', details) : details();
    return new SingleResult(dataText, all, computed);
  });
}

/**
 * Executes a plan with defer groups so that each is a payload of its own; any other plan as {@link executeCompiled}
 * does. The errors of each payload are masked. Nothing of a stream may be cached.
 */
export function streamCompiled(
  run: OperationRun,
  compiled: CompiledPlan,
  knownErrors: readonly GraphQLFormattedError[] | undefined,
): Promise<ExecutionResult> {
  const { view, prepared, variables, request, options } = run;
  const { supergraph, introspector } = view;
  const { client, reportEveryPlace } = request;
  client.record?.begin('execute');
  const deferGroups = compiled.fragments ? groupsOfFragments(compiled.plan) : request.deferGroups;
  if (deferGroups === undefined || (compiled.plan.deferred ?? compiled.fragments) === undefined)
    return executeCompiled(run, compiled, knownErrors);
  const { introspection, label: operation } = prepared;
  const introspected = introspection ? introspector.introspect(introspection, variables) : NOTHING_INTROSPECTED;
  const { sources, memoryBudget: budget, admissionQueue, responseObserver, cachedSubgraphs, smallestSlice } = options;
  const known = [...introspected.errors, ...(knownErrors ?? [])];
  const work = { client, variables, introspected: introspected.texts, knownErrors: known, deferGroups };
  const shared = { sources, budget, admissionQueue, responseObserver, cachedSubgraphs, smallestSlice };
  const input = { supergraph, ...shared, reportEveryPlace, ...work };
  return streamPlan(compiled, input).then((payloads) => {
    if (client.plugins?.spans) tracePayloads(payloads, client.plugins.spans);
    payloads.map((payload) => exposed(payload, client, options));
    return { kind: 'stream', payloads, operation };
  });
}

/** Returns the defer groups of a plan with deferred fragments: one for each set of fragments. */
function groupsOfFragments({ operation: { fragmentSets } }: QueryPlan): DeferGroups {
  const list = Array.from({ length: fragmentSets?.size ?? 0 }, () => WITHOUT_DEADLINE);
  return { key: 'incremental', list };
}

const WITHOUT_DEADLINE = { path: [], timeoutMs: Number.POSITIVE_INFINITY };

function exposed(payload: Payload, client: ClientContext, options: EngineOptions): Payload {
  if (payload.errors.length === 0) return payload;
  const errors = exposedErrors(payload.errors, client, options);
  return payload.replace(payload.dataText, errors, payload.extensions);
}

/** Returns errors as clients see them, and reports what is masked. */
export function exposedErrors(
  errors: readonly GraphQLFormattedError[],
  client: ClientContext,
  { includesErrorsOf, onErrorsMasked, hideSuggestions }: EngineOptions,
): readonly GraphQLFormattedError[] {
  const { plugins } = client;
  const mask = () => maskErrors(errors, includesErrorsOf ?? (() => true));
  const { exposed, masked } = plugins?.hooks.onStage ? plugins.observe('mask errors', mask) : mask();
  // requests that were aborted because the client disconnected are not errors to log
  if (masked.length > 0 && !client.signal?.aborted) onErrorsMasked?.(masked, client);
  return hideSuggestions ? withoutSuggestions(exposed) : exposed;
}

/** Returns a client context that records how long the responses of sources may be cached. */
function withAccumulator(client: ClientContext): ClientContext {
  return client.freshness ? client : { ...client, freshness: new CacheControlAccumulator() };
}

/** Returns the result of an operation that was given up for lack of memory. */
export function overloaded({ message, extensions, status, headers }: OverloadedError): SingleResult {
  return new SingleResult(undefined, [{ message, extensions }], { refusal: 'overload', status, headers });
}

function overloadedOrThrow(error: unknown): SingleResult {
  if (error instanceof OverloadedError) return overloaded(error);
  throw error;
}
