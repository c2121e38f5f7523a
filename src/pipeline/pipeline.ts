import type { GraphQLSchema } from 'graphql';
import { Kind } from 'graphql';
import type { DependsOn } from '../client/depends-on.ts';
import { OperationTooLargeError } from '../operation/normalise.ts';
import { UnsupportedFieldError } from '../planner/unplannable.ts';
import type { PluginRun } from '../plugins/plugin-run.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { OverloadedError } from '../shared/overloaded-error.ts';
import { runToEnd, type Steps } from '../shared/steps.ts';
import type { ClientContext } from '../sources/source.ts';
import { NOT_CACHEABLE } from './cache-policy.ts';
import { deferredParts } from './deferred-parts.ts';
import { Dependencies } from './dependencies.ts';
import { documentHash } from './document-hash.ts';
import { type ClientDocument, chooseOperation, type RefusedDocument } from './documents.ts';
import type { DocumentRequest, Engine, EngineOptions, EngineRequest, OperationRequest } from './engine.ts';
import {
  type ExecuteCompiled,
  executeCompiled,
  executePrepared,
  executeWithPolicies,
  overloaded,
  streamCompiled,
} from './execute.ts';
import type { ExecutionResult, SingleResult } from './execution-result.ts';
import { OverrideLabels } from './override-labels.ts';
import { refusedByPlugin, withPlugins } from './plugin-stages.ts';
import { PreparedOperations, planOrUndefined } from './prepared-operations.ts';
import { refuse, refuseKind } from './refuse.ts';
import { subscribeCompiled } from './subscribe.ts';
import { coerceRequestVariables } from './variables.ts';
import { createViews, type View } from './views.ts';

/**
 * The stages of an operation, in order, each with its file. A document passes the stages up to `validate` once, and
 * an operation with its condition values passes `normalize` and `plan` once; the results are cached.
 */
export const STAGES = [
  ['persisted document', 'policy/persisted/persisted-documents.ts'],
  ['parse', 'pipeline/parse.ts'],
  // before validation: the limits protect it from documents that take long to validate
  ['limits', 'pipeline/limits.ts'],
  ['validate', 'pipeline/validate.ts'],
  ['variables', 'pipeline/variables.ts'],
  ['normalize', 'operation/normalise.ts'],
  // before planning, so that nothing is planned or fetched for a field that is dropped
  ['policies', 'pipeline/evaluate-policies.ts'],
  ['plan', 'planner/planner.ts'],
  ['execute', 'executor/execution.ts'],
  ['mask errors', 'pipeline/mask-errors.ts'],
  ['cache policy', 'pipeline/cache-policy.ts'],
] as const;

/** Creates an engine that executes operations on a supergraph. The caller owns the sources and closes them. */
export function createEngine(options: EngineOptions): Engine {
  return runToEnd(createEngineInSteps(options));
}

/** Does the same as {@link createEngine}, in steps. */
export function* createEngineInSteps(options: EngineOptions): Steps<Engine> {
  const { cacheControl } = options.supergraph;
  const reporting = options.cachePolicy?.reportsCacheControl;
  const reportsCacheControl = reporting && (cacheControl.length > 0 || reporting.size > 0) ? reporting : undefined;
  const labels = yield* OverrideLabels.read(options.supergraph, options);
  const dependencies = new Dependencies(options.supergraph, options.requestReads);
  yield;
  const views = yield* createViews(options, labels, dependencies, reportsCacheControl);
  return new Pipeline(options, { labels, dependencies, views, reportsCacheControl });
}

/** What is derived from the supergraph of a pipeline. */
interface PipelineParts {
  readonly labels: OverrideLabels;
  readonly dependencies: Dependencies;
  readonly views: ReadonlyMap<string | undefined, View>;
  /**
   * Subgraphs that report how long their responses may be cached; `undefined` where neither the schema nor a subgraph
   * declares anything.
   */
  readonly reportsCacheControl: ReadonlySet<string> | undefined;
}

class Pipeline implements Engine {
  readonly supergraph;
  readonly publicSchema;
  private readonly options: EngineOptions;
  private readonly labels: OverrideLabels;
  private readonly dependencies: Dependencies;
  private readonly operations: PreparedOperations;
  private readonly reportsCacheControl: PipelineParts['reportsCacheControl'];
  private readonly views: PipelineParts['views'];

  constructor(options: EngineOptions, { labels, dependencies, views, reportsCacheControl }: PipelineParts) {
    this.options = options;
    this.supergraph = options.supergraph;
    this.publicSchema = options.supergraph.publicSchema;
    this.labels = labels;
    this.dependencies = dependencies;
    this.operations = new PreparedOperations(options, labels, dependencies);
    this.views = views;
    this.reportsCacheControl = reportsCacheControl;
  }

  private viewFor({ contract }: Pick<EngineRequest, 'contract'>): View {
    const view = this.views.get(contract);
    if (!view) throw new Error(`There is no contract "${contract}".`);
    return view;
  }

  schemaOf(contract: string | undefined): GraphQLSchema {
    return this.viewFor({ contract }).supergraph.publicSchema;
  }

  readDocument(request: DocumentRequest): ClientDocument | RefusedDocument {
    return this.viewFor(request).documents.get(request.query, request.plugins);
  }

  canDedupe(request: Pick<EngineRequest, 'query' | 'operationName' | 'contract' | 'document'>): boolean {
    const known = request.document ?? this.readDocument(request);
    if ('refusal' in known || known.countsRequests) return false;
    const operation = chooseOperation(known.document, request.operationName);
    return 'kind' in operation && operation.operation === 'query';
  }

  isValid(request: Pick<EngineRequest, 'query' | 'contract'>): boolean {
    return !('refusal' in this.readDocument(request));
  }

  dependsOn(request: OperationRequest): DependsOn {
    const known = request.document ?? this.readDocument(request);
    if ('refusal' in known) return this.dependencies.ofRefusal;
    const prepared = this.operations.ahead(this.viewFor(request), known, request);
    // policies come before planning: an operation that they may refuse is not planned here
    if (prepared === undefined || prepared.checked !== undefined)
      return prepared?.dependsOn ?? this.dependencies.ofAnyPlan(known);
    const planned = planOrUndefined(prepared);
    return (planned && prepared.dependsOn) ?? this.dependencies.ofAnyPlan(known);
  }

  dependsOnOncePlanned(
    request: Pick<OperationRequest, 'query' | 'contract' | 'deferGroups'>,
  ): DependsOn | Promise<DependsOn> {
    const known = this.readDocument(request);
    if ('refusal' in known) return this.dependencies.ofRefusal;
    const ofAnyPlan = this.dependencies.ofAnyPlan(known);
    const prepared =
      known.conditions.length > 0 ? undefined : this.operations.ahead(this.viewFor(request), known, request);
    if (prepared === undefined) return ofAnyPlan;
    const planned = planOrUndefined(prepared);
    if (!(planned instanceof Promise)) return prepared.dependsOn ?? ofAnyPlan;
    return planned.then(
      () => prepared.dependsOn ?? ofAnyPlan,
      () => ofAnyPlan,
    );
  }

  prepare(query: string, { cache }: { readonly cache: boolean }): void {
    const view = this.viewFor({});
    const known = cache ? view.documents.get(query) : view.documents.read(query);
    if ('refusal' in known || known.conditions.length > 0 || known.labels.length > 0) return;
    try {
      for (const definition of known.document.definitions)
        if (definition.kind === Kind.OPERATION_DEFINITION)
          void this.operations.get(view, known, definition, {}, [], undefined, 'warmup').compiled;
    } catch (error) {
      if (!(error instanceof OperationTooLargeError || error instanceof UnsupportedFieldError)) throw error;
    }
  }

  recentQueries(max: number): string[] {
    return this.viewFor({}).documents.recent(max);
  }

  execute(request: EngineRequest): Promise<SingleResult> {
    return this.run(request, executeCompiled);
  }

  stream(request: EngineRequest): Promise<ExecutionResult> {
    return this.run(request, streamCompiled);
  }

  subscribe(request: EngineRequest): Promise<ExecutionResult> {
    return this.run(request, subscribeCompiled);
  }

  /** @param execute runs the last stages, which decide whether the result may be a stream */
  private run<R extends ExecutionResult>(
    request: EngineRequest,
    execute: ExecuteCompiled<R>,
  ): Promise<R | SingleResult> {
    // only this part of the request is referenced while it executes
    const { client } = request;
    let result: Promise<R | SingleResult> | R | SingleResult;
    try {
      result =
        client.plugins?.changesOperations === true
          ? this.runWithPlugins(request, client.plugins, execute)
          : this.runStages(request, execute);
    } catch (error) {
      result = Promise.reject(error);
    }
    return Promise.resolve(result).then(
      (result) => (result.kind === 'single' ? this.finish(result) : result),
      (error: unknown) => this.finish(this.failed(error, client)),
    );
  }

  /** Runs the stages between the hooks of plugins. */
  private runWithPlugins<R extends ExecutionResult>(
    request: EngineRequest,
    plugins: PluginRun,
    execute: ExecuteCompiled<R>,
  ) {
    return withPlugins(request, plugins, {
      read: (one) => one.document ?? this.viewFor(one).documents.get(one.query, plugins),
      run: (one) => this.runStages(one, execute),
      failed: (error) => this.failed(error, request.client),
    });
  }

  /** Runs the stages in order. Each may end the operation with a refusal. */
  private runStages<R extends ExecutionResult>(
    request: EngineRequest,
    execute: ExecuteCompiled<R>,
  ): Promise<R | SingleResult> | SingleResult {
    const view = this.viewFor(request);
    const { options } = this;
    // parse, limits, validate
    const { plugins, record } = request.client;
    record?.begin('parse');
    const document = request.document ?? view.documents.get(request.query, plugins);
    if (record?.needsHash) record.operationHash ??= documentHash(document, request.query);
    record?.begin('plan');
    if ('refusal' in document) return refuse(document.refusal, document.errors);
    const operation = chooseOperation(document.document, request.operationName);
    if (!('kind' in operation)) return refuse('operation', [operation]);
    const refused = refuseKind(
      operation,
      request.readOnly ?? false,
      execute === subscribeCompiled,
      options.noSubscriptions,
    );
    if (refused) return refused;
    const coerce = () => coerceRequestVariables(view.supergraph.publicSchema, document, operation, request, options);
    const observer = plugins?.hooks.onStage && plugins;
    const read = observer ? observer.observe('variables', coerce) : coerce();
    if ('errors' in read) {
      const invalid = refuse(read.refusal, read.errors);
      // the specification of uploads has this status for a file where there may be none
      return request.client.uploads ? invalid.with({ status: 400 }) : invalid;
    }
    const { coerced: variables } = read;
    // normalize
    const labels = this.labels.active(document.labels, request.client);
    const groups = deferredParts(request, document, execute === streamCompiled);
    const prepare = () => this.operations.get(view, document, operation, variables, labels, groups, 'execution');
    const prepared = observer ? observer.observe('normalize', prepare) : prepare();
    request.client.operation = prepared.label;
    plugins?.spans?.name(prepared.label, document.document);
    request.client.debug?.setOperation(prepared.label);
    if (record) record.isPlanCached ??= prepared.wasKnown;
    const excessive = prepared.introspection && view.introspector.refuse(prepared.introspection, variables);
    if (excessive) return refuse(excessive.refusal, excessive.errors);
    // policies, plan, execute, mask errors, cache policy
    const run = { view, prepared, document: document.document, variables, request, options };
    return prepared.checked
      ? executeWithPolicies(run, prepared.checked, execute)
      : executePrepared(run, prepared, execute);
  }

  /** Completes every result, also that of an operation that did not run. */
  private finish(result: SingleResult): SingleResult {
    if (result.refusal !== undefined) this.options.onRefused?.(result);
    // a refusal has no cache policy of its own
    if (this.reportsCacheControl === undefined || result.cachePolicy !== undefined) return result;
    return result.with({ cachePolicy: NOT_CACHEABLE });
  }

  private failed(error: unknown, client: ClientContext): SingleResult {
    if (error instanceof OperationTooLargeError || error instanceof UnsupportedFieldError) {
      const isBrief = this.options.hideSuggestions && error instanceof UnsupportedFieldError;
      const message = isBrief ? error.brief : error.message;
      return refuse('validation', [{ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
    }
    if (error instanceof OverloadedError) return overloaded(error);
    if (client.plugins !== undefined && error instanceof GatewayError) return refusedByPlugin(error, 'policy');
    this.options.onInternalError?.(error, client);
    return refuse('internal', [{ message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
  }
}
