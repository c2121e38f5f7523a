import type { DocumentNode, GraphQLFormattedError, OperationDefinitionNode } from 'graphql';
import { GraphQLError, getOperationAST, Kind } from 'graphql';
import { CacheControlAccumulator } from '../client/freshness.ts';
import type { CompiledPlan } from '../executor/compile.ts';
import { executePlan } from '../executor/execution.ts';
import { OverloadedError } from '../executor/memory-budget.ts';
import { takeDataText } from '../executor/take-data-text.ts';
import { coerceVariables, type VariableError } from '../operation/coerce-variables.ts';
import { OperationTooLargeError } from '../operation/normalise.ts';
import type { TimedSections } from '../operation/timed-sections.ts';
import { UnsupportedFieldError } from '../planner/unplannable.ts';
import type { ClientContext } from '../sources/source.ts';
import { supergraphForContract } from '../supergraph/contract.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { cachePolicyReader, NOT_KEPT, type ReadCachePolicy } from './cache-policy.ts';
import { type ClientDocument, chooseOperation, DocumentCache } from './documents.ts';
import type { Engine, EngineOptions, EngineRequest, ExecutionResult } from './engine.ts';
import type { PolicedOperation, PolicyResult } from './evaluate-policies.ts';
import { Introspector, NOTHING_INTROSPECTED } from './introspection.ts';
import { LocatedDocument } from './located-document.ts';
import { maskErrors, withoutSuggestions } from './mask-errors.ts';
import type { OperationPolicy } from './operation-policy.ts';
import { OverrideLabels } from './override-labels.ts';
import { type PartialPlan, PreparedOperation } from './prepare.ts';
import type { LimitRefusal } from './request-limits.ts';

/** Makes a supergraph answer operations. The sources stay the caller's: they are not closed here. */
export function createEngine(options: EngineOptions): Engine {
  return new SupergraphEngine(options);
}

interface RefusedVariables {
  readonly refusal: 'variables';
  readonly errors: readonly GraphQLFormattedError[];
}

/** A public schema with the documents that clients sent for it. */
interface View {
  readonly supergraph: Supergraph;
  readonly documents: DocumentCache;
  readonly introspector: Introspector;
  /** `undefined` where answers say nothing of how long they may be kept. */
  readonly readCachePolicy: ReadCachePolicy | undefined;
}

/** Errors reported for the variables of one request. */
const MOST_VARIABLE_ERRORS = 20;

class SupergraphEngine implements Engine {
  readonly supergraph;
  readonly publicSchema;
  private readonly options: EngineOptions;
  private readonly labels: OverrideLabels;
  private readonly policies: readonly OperationPolicy[];
  /** Subgraphs that say how long their answers hold; `undefined` where nothing in the schema says it of anything. */
  private readonly reportsCacheControl: ReadonlySet<string> | undefined;
  /** By the contract's name; the whole public schema has none. */
  private readonly views = new Map<string | undefined, View>();

  constructor(options: EngineOptions) {
    this.options = options;
    this.supergraph = options.supergraph;
    this.publicSchema = options.supergraph.publicSchema;
    this.policies = options.policies ?? [];
    const { cacheControl } = options.supergraph;
    const reportsCacheControl = options.cachePolicy?.reportsCacheControl;
    this.reportsCacheControl =
      reportsCacheControl && (cacheControl.length > 0 || reportsCacheControl.size > 0)
        ? reportsCacheControl
        : undefined;
    this.labels = new OverrideLabels(options.supergraph, options);
    this.views.set(undefined, this.view(options.supergraph));
    for (const contract of options.contracts ?? [])
      this.views.set(contract.name, this.view(supergraphForContract(options.supergraph, contract)));
  }

  private view(supergraph: Supergraph): View {
    const { introspection = true, maxTokens, limits, hideSuggestions } = this.options;
    const labelsMet = (document: DocumentNode) => this.labels.metBy(document);
    const policed = (document: DocumentNode) => ({
      countsRequests: this.policies.some((policy) => policy.countsRequests?.(document, supergraph)),
      dependsOnClient: this.policies.some((policy) => policy.dependsOnClient?.(document, supergraph)),
    });
    return {
      supergraph,
      readCachePolicy: this.reportsCacheControl && cachePolicyReader(supergraph, this.reportsCacheControl),
      introspector: new Introspector(supergraph.publicSchema),
      documents: new DocumentCache(supergraph.publicSchema, {
        introspection,
        maxTokens,
        limits,
        hideSuggestions,
        labelsMet,
        policed,
      }),
    };
  }

  private viewFor({ contract }: Pick<EngineRequest, 'contract'>): View {
    const view = this.views.get(contract);
    if (!view) throw new Error(`There is no contract "${contract}".`);
    return view;
  }

  canDedupe(request: Pick<EngineRequest, 'query' | 'operationName' | 'contract'>): boolean {
    const known = this.viewFor(request).documents.get(request.query);
    if ('refusal' in known || known.countsRequests) return false;
    const operation = chooseOperation(known.document, request.operationName);
    return 'kind' in operation && operation.operation === 'query';
  }

  isValid(request: Pick<EngineRequest, 'query' | 'contract'>): boolean {
    return !('refusal' in this.viewFor(request).documents.get(request.query));
  }

  dependsOnClient(request: Pick<EngineRequest, 'query' | 'contract'>): boolean {
    const known = this.viewFor(request).documents.get(request.query);
    return !('refusal' in known) && known.dependsOnClient;
  }

  prepare(query: string, { keep }: { readonly keep: boolean }): void {
    const view = this.viewFor({});
    const known = keep ? view.documents.get(query) : view.documents.read(query);
    if ('refusal' in known || known.conditions.length > 0 || known.labels.length > 0) return;
    try {
      for (const definition of known.document.definitions)
        if (definition.kind === Kind.OPERATION_DEFINITION)
          void this.prepared(view, known, definition, {}, [], undefined).compiled;
    } catch (error) {
      if (!(error instanceof OperationTooLargeError || error instanceof UnsupportedFieldError)) throw error;
    }
  }

  recentQueries(max: number): string[] {
    return this.viewFor({}).documents.recent(max);
  }

  execute(request: EngineRequest): Promise<ExecutionResult> {
    // of the request, only this is held on to while it is answered
    const { client } = request;
    let answer: Promise<ExecutionResult> | ExecutionResult;
    try {
      answer = this.run(request);
    } catch (error) {
      answer = Promise.reject(error);
    }
    return Promise.resolve(answer).then(
      (made) => this.exposed(made),
      (error: unknown) => this.exposed(this.failed(error, client)),
    );
  }

  /** As it goes to whoever asked. */
  private exposed(answer: ExecutionResult): ExecutionResult {
    if (answer.refusal !== undefined) this.options.onRefused?.(answer);
    // what was refused says nothing of it by itself
    if (this.reportsCacheControl === undefined || answer.life !== undefined) return answer;
    return { ...answer, life: NOT_KEPT };
  }

  private failed(error: unknown, client: ClientContext): ExecutionResult {
    if (error instanceof OperationTooLargeError || error instanceof UnsupportedFieldError) {
      const isBrief = this.options.hideSuggestions && error instanceof UnsupportedFieldError;
      const message = isBrief ? error.brief : error.message;
      return refuse('validation', [{ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
    }
    if (error instanceof OverloadedError) return overloaded(error);
    this.options.onInternalError?.(error, client);
    return refuse('internal', [{ message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
  }

  private run(request: EngineRequest): Promise<ExecutionResult> | ExecutionResult {
    const view = this.viewFor(request);
    const known = view.documents.get(request.query);
    if ('refusal' in known) return refuse(known.refusal, known.errors);
    const operation = chooseOperation(known.document, request.operationName);
    if (!('kind' in operation)) return refuse('operation', [operation]);
    const refused = refuseKind(operation, request.readOnly ?? false);
    if (refused) return refused;
    const variables = this.coerce(view, known, operation, request);
    if ('errors' in variables) return refuse(variables.refusal, variables.errors);
    const labels = this.labels.active(known.labels, request.client);
    const { onOperation } = this.options;
    const prepared = this.prepared(view, known, operation, variables.coerced, labels, request.sections, onOperation);
    const excessive = prepared.introspection && view.introspector.refuse(prepared.introspection, variables.coerced);
    if (excessive) return refuse(excessive.refusal, excessive.errors);
    if (!prepared.policed) return this.answer(view, prepared, variables.coerced, request, prepared);
    return this.executeWithPolicies(view, prepared, prepared.policed, variables.coerced, request);
  }

  private coerce(
    { supergraph }: View,
    { conditions }: ClientDocument,
    operation: OperationDefinitionNode,
    { query, variables, areVariablesBounded }: EngineRequest,
  ): { coerced: Record<string, unknown> } | LimitRefusal | RefusedVariables {
    const definitions = operation.variableDefinitions ?? [];
    if (definitions.length === 0) return { coerced: {} };
    const values = variables ?? {};
    const excessive = this.options.limits?.variables?.(values, areVariablesBounded);
    if (excessive) return excessive;
    const { hideSuggestions } = this.options;
    const { coerced, errors } = coerceVariables(supergraph.publicSchema, definitions, values, {
      maxErrors: MOST_VARIABLE_ERRORS,
      hideSuggestions,
    });
    if (coerced) {
      // with a default such a variable may be nullable, and still be null
      const undecided = conditions.filter((name) => coerced[name] === null);
      if (undecided.length === 0) return { coerced };
      return { refusal: 'variables', errors: undecided.map(undecidedCondition) };
    }
    const located = new LocatedDocument(query);
    const nodes = getOperationAST(located.document, operation.name?.value)?.variableDefinitions ?? definitions;
    const withLocation = ({ definition, message }: VariableError) =>
      located.format(new GraphQLError(message, { nodes: nodes[definition] ?? null }), 'BAD_USER_INPUT');
    return { refusal: 'variables', errors: errors.map(withLocation) };
  }

  private prepared(
    { supergraph, readCachePolicy }: View,
    known: ClientDocument,
    operation: OperationDefinitionNode,
    variables: Readonly<Record<string, unknown>>,
    labels: readonly string[],
    sections: TimedSections | undefined,
    tell?: EngineOptions['onOperation'],
  ): PreparedOperation {
    let key = operation.name?.value ?? '';
    for (const name of known.conditions) key += variables[name] === true ? '|1' : '|0';
    for (const label of labels) key += ` ${label}`;
    if (sections !== undefined) key += ` ${sections.key}`;
    let prepared = known.prepared.get(key);
    tell?.(known.document, prepared !== undefined);
    if (!prepared) {
      prepared = new PreparedOperation({
        document: known.document,
        operation,
        supergraph,
        fieldIndex: this.labels.fieldIndex(labels),
        conditions: variables,
        policies: this.policies,
        life: readCachePolicy?.(known.document, operation, known.dependsOnClient),
        sections,
      });
      known.prepared.set(key, prepared);
    }
    return prepared;
  }

  /** With what policies say: refused, or run without what they drop. */
  private async executeWithPolicies(
    view: View,
    prepared: PreparedOperation,
    policed: PolicedOperation,
    variables: Readonly<Record<string, unknown>>,
    request: EngineRequest,
  ): Promise<ExecutionResult> {
    const decided = policed.evaluatePolicies(variables, request.client);
    const policyResult: PolicyResult = 'then' in decided ? await decided : decided;
    if (policyResult.isPlain) return this.answer(view, prepared, variables, request, prepared);
    const { refusal, drop } = policyResult;
    if (refusal) {
      const { status, errors } = refusal;
      const { label: operation } = prepared;
      return { dataText: undefined, errors, refusal: 'policy', status, operation, ...policyResult.extras(undefined) };
    }
    const part = drop.length === 0 ? undefined : prepared.without(policed, drop);
    const answer = await this.answer(view, prepared, variables, request, part ?? prepared).catch(overloadedOrThrow);
    if (answer.refusal) {
      const extras = policyResult.extras(undefined);
      return { ...extras, ...answer, headers: { ...extras.headers, ...answer.headers } };
    }
    const dataText = takeDataText(answer);
    const { errors, life, operation } = answer;
    const suppressed = part?.dropped.suppressed;
    const exposed = suppressed && suppressed.size > 0 ? errors.filter((error) => !suppressed.has(error)) : errors;
    return {
      dataText,
      errors: exposed,
      life,
      operation,
      ...policyResult.extras({ dataText: dataText ?? 'null', errors: exposed }),
    };
  }

  private answer(
    view: View,
    prepared: PreparedOperation,
    variables: Readonly<Record<string, unknown>>,
    request: EngineRequest,
    plan: Pick<PartialPlan, 'compiled'> & Partial<PartialPlan>,
  ): Promise<ExecutionResult> {
    const planned = plan.compiled;
    const exposed = plan.dropped?.all;
    if (!(planned instanceof Promise))
      return this.executeCompiled(planned, view, prepared, variables, request, exposed);
    return planned.then((compiled) => this.executeCompiled(compiled, view, prepared, variables, request, exposed));
  }

  private executeCompiled(
    compiled: CompiledPlan,
    { supergraph, introspector }: View,
    { introspection, life, label: operation }: PreparedOperation,
    variables: Readonly<Record<string, unknown>>,
    request: EngineRequest,
    exposed: readonly GraphQLFormattedError[] | undefined,
  ): Promise<ExecutionResult> {
    const introspected = introspection ? introspector.answer(introspection, variables) : NOTHING_INTROSPECTED;
    const { client: requester, sections, reportEveryPlace } = request;
    const client = life === undefined || life.fixed ? requester : listening(requester);
    const { sources, memoryBudget: budget, admissionQueue } = this.options;
    const { texts } = introspected;
    const run = { client, variables, introspected: texts, exposed, sections, reportEveryPlace };
    const input = { supergraph, sources, budget, admissionQueue, ...run };
    return executePlan(compiled, input, (result) => {
      const dataText = takeDataText(result);
      const { errors } = result;
      const own = errors.length > 0 ? this.maskErrors(errors, requester) : errors;
      const all = introspected.errors.length > 0 ? [...introspected.errors, ...own] : own;
      if (life === undefined) return { dataText, errors: all, operation };
      const isWhole = errors.length === 0 && all.length === 0;
      const kept = isWhole ? (life.fixed ?? life.recorded(client.freshness?.least)) : NOT_KEPT;
      return { dataText, errors: all, life: kept, operation };
    });
  }

  private maskErrors(
    errors: readonly GraphQLFormattedError[],
    client: ClientContext,
  ): readonly GraphQLFormattedError[] {
    const { includesErrorsOf, onErrorsWithheld, hideSuggestions } = this.options;
    const { exposed, withheld } = maskErrors(errors, includesErrorsOf ?? (() => true));
    // that what was under way for a client who has left ended early is nobody's mistake
    if (withheld.length > 0 && !client.signal?.aborted) onErrorsWithheld?.(withheld, client);
    return hideSuggestions ? withoutSuggestions(exposed) : exposed;
  }
}

/** A client for whom it is heard how long the answers of sources hold. */
function listening(client: ClientContext): ClientContext {
  return client.freshness ? client : { ...client, freshness: new CacheControlAccumulator() };
}

function refuse(
  refusal: NonNullable<ExecutionResult['refusal']>,
  errors: readonly GraphQLFormattedError[],
): ExecutionResult {
  return { dataText: undefined, errors, refusal };
}

/** In seconds. Runs that hold memory end soon or run out of their time. */
const RETRY_AFTER = 1;

function overloaded({ message }: OverloadedError): ExecutionResult {
  const extensions = { code: 'OVERLOADED', retryAfter: RETRY_AFTER };
  // what a rule has taken over from a subgraph's answer is not said of this one
  const headers = { 'retry-after': String(RETRY_AFTER), 'cache-control': 'no-store' };
  return { dataText: undefined, errors: [{ message, extensions }], refusal: 'overload', status: 503, headers };
}

function overloadedOrThrow(error: unknown): ExecutionResult {
  if (error instanceof OverloadedError) return overloaded(error);
  throw error;
}

function refuseKind(operation: OperationDefinitionNode, readOnly: boolean): ExecutionResult | undefined {
  const extensions = { code: 'GRAPHQL_VALIDATION_FAILED' };
  if (operation.operation === 'subscription') {
    return refuse('operation', [{ message: 'Subscriptions cannot be answered over a single response.', extensions }]);
  }
  if (readOnly && operation.operation === 'mutation') {
    return refuse('method', [{ message: 'A mutation cannot be sent with GET. Send it with POST.', extensions }]);
  }
  return undefined;
}

function undecidedCondition(name: string): GraphQLFormattedError {
  const message = `Variable "$${name}" is null; @skip and @include need true or false.`;
  return { message, extensions: { code: 'BAD_USER_INPUT' } };
}
