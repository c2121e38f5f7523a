import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { type CompiledPlan, compileInSteps } from '../executor/compile.ts';
import { type DroppedItems, dropFields } from '../operation/drop-fields.ts';
import { normalise } from '../operation/normalise.ts';
import type { Operation } from '../operation/operation.ts';
import { sectionHeads, type TimedSections } from '../operation/timed-sections.ts';
import type { FieldIndex } from '../planner/field-index.ts';
import { planInSteps } from '../planner/planner.ts';
import type { OperationLabel } from '../shared/request-notes.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { OperationCachePolicy } from './cache-policy.ts';
import { type DroppedErrors, droppedErrors, PolicedOperation } from './evaluate-policies.ts';
import { introspectionPart } from './introspection.ts';
import type { DroppedField, OperationPolicy } from './operation-policy.ts';
import { runInSlices } from './slices.ts';

/** A plan, or one that is being made: a large operation is planned in slices, while others have their turn. */
type Planned = CompiledPlan | Promise<CompiledPlan>;

/** A plan that leaves out dropped fields, and what is told of them. */
export interface PartialPlan {
  readonly compiled: Planned;
  readonly dropped: DroppedErrors;
}

export interface PreparationOptions {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The one whose public schema the client sees; it may show less than that of `abilities`. */
  readonly supergraph: Supergraph;
  readonly fieldIndex: FieldIndex;
  /** Values of the condition variables. */
  readonly conditions: Readonly<Record<string, unknown>>;
  readonly policies: readonly OperationPolicy[];
  /** How long its answers may be kept, where that is told. */
  readonly cachePolicy?: OperationCachePolicy | undefined;
  /** Parts of it that nothing else is to wait for. */
  readonly sections?: TimedSections | undefined;
}

/** An operation may be planned once for each set of fields that are dropped from it; this many plans are kept. */
const PARTS_KEPT = 16;

/**
 * An operation ready to run: everything that does not depend on one request. Planned when first needed, as a policy may
 * always refuse it.
 */
export class PreparedOperation {
  readonly introspection: DocumentNode | undefined;
  /** `undefined` where no policy has anything to say of it. */
  readonly policed: PolicedOperation | undefined;
  readonly cachePolicy: OperationCachePolicy | undefined;
  readonly label: OperationLabel;
  private readonly operation: Operation;
  private readonly supergraph: Supergraph;
  private readonly fieldIndex: FieldIndex;
  private readonly sections: TimedSections | undefined;
  private planned: Planned | undefined;
  private readonly parts = new LRUCache<string, Planned>({ max: PARTS_KEPT });
  private readonly partOf = new WeakMap<readonly DroppedField[], PartialPlan>();

  /** Throws `OperationTooLargeError`. */
  constructor(options: PreparationOptions) {
    const { document, operation, supergraph, fieldIndex, conditions, policies, sections } = options;
    this.supergraph = supergraph;
    this.fieldIndex = fieldIndex;
    this.cachePolicy = options.cachePolicy;
    this.label = { name: operation.name?.value, type: operation.operation };
    this.sections = sections;
    this.operation = normalise(document, operation, supergraph, conditions);
    this.introspection = introspectionPart(document, operation);
    const checks = policies.flatMap((policy) => policy.inspect(this.operation, supergraph) ?? []);
    this.policed = checks.length === 0 ? undefined : new PolicedOperation(this.operation, checks);
  }

  /** The plan for everything that is asked. Throws, or rejects with, `OperationTooLargeError` and `UnsupportedFieldError`. */
  get compiled(): Planned {
    const keep = (planned: Planned) => {
      this.planned = planned;
    };
    return this.planned ?? this.make(this.operation, undefined, keep);
  }

  /** @param keep called with what to hold on to: a plan that is being made, and then the plan */
  private make(operation: Operation, dropped: DroppedItems | undefined, keep: (planned: Planned) => void): Planned {
    const planned = runInSlices(this.plan(operation, dropped));
    keep(planned);
    // a failure is for those who wait for the plan
    if (planned instanceof Promise) planned.then(keep, () => undefined);
    return planned;
  }

  private *plan(operation: Operation, dropped?: DroppedItems): Generator<void, CompiledPlan> {
    const heads = this.sections && sectionHeads(operation, this.sections);
    const { plan } = yield* planInSteps(operation, this.fieldIndex, heads?.size ? heads : undefined);
    return yield* compileInSteps(plan, this.supergraph, dropped);
  }

  /** The plan without some fields: nothing is fetched for them alone. Throws as {@link compiled} does. */
  without(policed: PolicedOperation, drop: readonly DroppedField[]): PartialPlan {
    let part = this.partOf.get(drop);
    if (!part) {
      part = { compiled: this.compiledWithout(policed, drop), dropped: droppedErrors(policed, drop) };
      // a plan that is still being made is found by its fields until it is there
      if (!(part.compiled instanceof Promise)) this.partOf.set(drop, part);
    }
    return part;
  }

  private compiledWithout(policed: PolicedOperation, drop: readonly DroppedField[]): Planned {
    const fields = new Set(drop.map(({ field }) => field));
    const key = [...fields]
      .map((field) => policed.place(field).index)
      .sort((a, b) => a - b)
      .join();
    const known = this.parts.get(key);
    if (known) return known;
    const { operation, dropped } = dropFields(this.operation, fields);
    return this.make(operation, dropped, (planned) => this.parts.set(key, planned));
  }
}
