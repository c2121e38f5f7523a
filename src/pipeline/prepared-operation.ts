import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { DependsOn } from '../client/depends-on.ts';
import { type CompiledPlan, compileInSteps } from '../executor/compile.ts';
import { type DeferGroups, findDeferredFields } from '../operation/defer-groups.ts';
import { fieldsOfFragments } from '../operation/deferred-fragments.ts';
import { type DroppedItems, dropFields } from '../operation/drop-fields.ts';
import { normalise } from '../operation/normalise.ts';
import type { Operation } from '../operation/operation.ts';
import type { FieldIndex } from '../planner/field-index.ts';
import { nameOperations } from '../planner/operation-names.ts';
import type { QueryPlan } from '../planner/plan.ts';
import { planInSteps } from '../planner/planner.ts';
import type { OperationLabel, UseCounter } from '../shared/request-notes.ts';
import { runInSlices } from '../shared/steps.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { OperationCachePolicy } from './cache-policy.ts';
import { CheckedOperation, type DroppedErrors, droppedErrors } from './evaluate-policies.ts';
import { introspectionPart } from './introspection.ts';
import type { DroppedField, OperationPolicy } from './operation-policy.ts';

/** A plan, or the promise of one: a large operation is planned in slices, between which other work runs. */
type Planned = CompiledPlan | Promise<CompiledPlan>;

/** A plan without dropped fields, and the errors of these fields. */
export interface PartialPlan {
  readonly compiled: Planned;
  readonly dropped: DroppedErrors;
}

export interface PreparationOptions {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The one whose public schema the client sees; it may contain less than that of `fieldIndex`. */
  readonly supergraph: Supergraph;
  readonly fieldIndex: FieldIndex;
  /** Values of the condition variables. */
  readonly conditions: Readonly<Record<string, unknown>>;
  readonly policies: readonly OperationPolicy[];
  /** The cache policy of its results, where one is computed. */
  readonly cachePolicy?: OperationCachePolicy | undefined;
  /** Returns what results depend on that are fetched with a plan. */
  readonly dependsOn: (plan: QueryPlan) => DependsOn;
  /** Parts of the query that the rest does not wait for. */
  readonly deferGroups?: DeferGroups | undefined;
  /** Whether `@defer` counts: the client reads the parts that come later. */
  readonly incremental?: boolean | undefined;
  /** Returns whether operations sent to a subgraph have a name. None have one where it is missing. */
  readonly namesOperationsOf?: ((subgraph: string) => boolean) | undefined;
  /** Called with how long planning and compiling took, in milliseconds. */
  readonly onPlanned?: ((ms: number) => void) | undefined;
  /** Counts which clients use it. */
  readonly use?: UseCounter | undefined;
  /** Whether these parts are delivered after the rest. */
  readonly streamed?: boolean | undefined;
}

/** An operation is planned once for each set of dropped fields; at most this many plans are cached. */
const MAX_PARTIAL_PLANS = 16;

/**
 * An operation ready to run: everything that does not depend on one request. It is planned when first needed, because
 * a policy may always refuse it.
 */
export class PreparedOperation {
  readonly introspection: DocumentNode | undefined;
  /** `undefined` where no policy applies to it. */
  readonly checked: CheckedOperation | undefined;
  readonly cachePolicy: OperationCachePolicy | undefined;
  readonly label: OperationLabel;
  /** Whether no request has been executed yet, so that the metrics of prepared operations do not count it as known. */
  isNew = false;
  /** Whether the last request for it found it in the cache. */
  wasKnown = false;
  private readonly operation: Operation;
  private readonly supergraph: Supergraph;
  private readonly fieldIndex: FieldIndex;
  private readonly deferGroups: DeferGroups | undefined;
  private readonly streamed: boolean | undefined;
  private readonly namesOperationsOf: PreparationOptions['namesOperationsOf'];
  private readonly onPlanned: PreparationOptions['onPlanned'];
  private readonly dependsOnPlan: PreparationOptions['dependsOn'];
  private readonly records = new WeakMap<CompiledPlan, DependsOn>();
  private planned: Planned | undefined;
  private readonly partialPlansByFields = new LRUCache<string, Planned>({ max: MAX_PARTIAL_PLANS });
  private readonly partialPlans = new WeakMap<readonly DroppedField[], PartialPlan>();

  /** Throws `OperationTooLargeError`. */
  constructor(options: PreparationOptions) {
    const { document, operation, supergraph, fieldIndex, conditions, policies } = options;
    this.supergraph = supergraph;
    this.fieldIndex = fieldIndex;
    this.cachePolicy = options.cachePolicy;
    this.label = { name: operation.name?.value, type: operation.operation, use: options.use };
    this.deferGroups = options.deferGroups;
    this.streamed = options.streamed;
    this.namesOperationsOf = options.namesOperationsOf;
    this.onPlanned = options.onPlanned;
    this.dependsOnPlan = options.dependsOn;
    this.operation = normalise(document, operation, supergraph, conditions, options.incremental);
    this.introspection = introspectionPart(document, operation);
    const checks = policies.flatMap((policy) => policy.inspect(this.operation, supergraph) ?? []);
    this.checked = checks.length === 0 ? undefined : new CheckedOperation(this.operation, checks);
  }

  /**
   * The plan of the whole operation. Throws, or rejects with, `OperationTooLargeError` and `UnsupportedFieldError`.
   */
  get compiled(): Planned {
    const store = (planned: Planned) => {
      this.planned = planned;
    };
    return this.planned ?? this.planAndCompile(this.operation, undefined, store);
  }

  /** What results of the whole operation depend on; `undefined` until it is planned. */
  get dependsOn(): DependsOn | undefined {
    const { planned } = this;
    return planned === undefined || planned instanceof Promise ? undefined : this.recordOf(planned);
  }

  /** Returns what results depend on that are fetched with one of its plans. */
  recordOf(compiled: CompiledPlan): DependsOn {
    let record = this.records.get(compiled);
    if (record === undefined) {
      record = this.dependsOnPlan(compiled.plan);
      this.records.set(compiled, record);
    }
    return record;
  }

  /**
   * Plans and compiles an operation.
   * @param store called with the promise of a plan that takes several slices, and then with the plan
   */
  private planAndCompile(
    operation: Operation,
    dropped: DroppedItems | undefined,
    store: (planned: Planned) => void,
  ): Planned {
    const planned = runInSlices(this.planMeasured(operation, dropped));
    store(planned);
    // callers that await the plan handle its failure
    if (planned instanceof Promise) planned.then(store, () => undefined);
    return planned;
  }

  private *planMeasured(operation: Operation, dropped?: DroppedItems): Generator<void, CompiledPlan> {
    if (this.onPlanned === undefined) return yield* this.plan(operation, dropped);
    const startedAt = performance.now();
    const compiled = yield* this.plan(operation, dropped);
    this.onPlanned(performance.now() - startedAt);
    return compiled;
  }

  private *plan(operation: Operation, dropped?: DroppedItems): Generator<void, CompiledPlan> {
    const deferred = operation.fragmentSets
      ? fieldsOfFragments(operation)
      : this.deferGroups && findDeferredFields(operation, this.deferGroups, dropped);
    const { plan } = yield* planInSteps(operation, this.fieldIndex, deferred?.size ? deferred : undefined);
    const sent = this.namesOperationsOf ? nameOperations(plan, this.namesOperationsOf) : plan;
    return yield* compileInSteps(sent, this.supergraph, { dropped, streamed: this.streamed });
  }

  /** Returns the plan without some fields: nothing is fetched for them alone. Throws as {@link compiled} does. */
  without(checked: CheckedOperation, drop: readonly DroppedField[]): PartialPlan {
    let partial = this.partialPlans.get(drop);
    if (!partial) {
      partial = { compiled: this.compiledWithout(checked, drop), dropped: droppedErrors(checked, drop) };
      // a pending plan is looked up by its fields until it is ready
      if (!(partial.compiled instanceof Promise)) this.partialPlans.set(drop, partial);
    }
    return partial;
  }

  private compiledWithout(checked: CheckedOperation, drop: readonly DroppedField[]): Planned {
    const fields = new Set(drop.map(({ field }) => field));
    const key = [...fields]
      .map((field) => checked.place(field).index)
      .sort((a, b) => a - b)
      .join();
    const known = this.partialPlansByFields.get(key);
    if (known) return known;
    const { operation, dropped } = dropFields(this.operation, fields);
    return this.planAndCompile(operation, dropped, (planned) => this.partialPlansByFields.set(key, planned));
  }
}
