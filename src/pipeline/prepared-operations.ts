import type { OperationDefinitionNode } from 'graphql';
import { OperationTooLargeError } from '../operation/normalise.ts';
import { UnsupportedFieldError } from '../planner/unplannable.ts';
import type { DeferredParts } from './deferred-parts.ts';
import { conditionValues, type Dependencies, mayDropFields } from './dependencies.ts';
import { type ClientDocument, chooseOperation } from './documents.ts';
import type { EngineOptions, OperationRequest } from './engine.ts';
import type { OverrideLabels } from './override-labels.ts';
import { PreparedOperation } from './prepared-operation.ts';
import type { View } from './views.ts';

/**
 * The prepared operations of one supergraph. Each is cached with its document, by all that its preparation depends on: its name, the
 * values of its condition variables, the active labels, and what is delivered later.
 */
export class PreparedOperations {
  private readonly options: EngineOptions;
  private readonly labels: OverrideLabels;
  private readonly dependencies: Dependencies;

  constructor(options: EngineOptions, labels: OverrideLabels, dependencies: Dependencies) {
    this.options = options;
    this.labels = labels;
    this.dependencies = dependencies;
  }

  /** Returns an operation from the cache of its document, or prepares it. Throws `OperationTooLargeError`. */
  get(
    { supergraph, readCachePolicy }: View,
    known: ClientDocument,
    operation: OperationDefinitionNode,
    variables: Readonly<Record<string, unknown>>,
    labels: readonly string[],
    groups: DeferredParts | undefined,
    purpose: 'execution' | 'key' | 'warmup',
  ): PreparedOperation {
    let key = operation.name?.value ?? '';
    for (const name of known.conditions)
      key += variables[name] === true ? '|1' : variables[name] === false ? '|0' : '|';
    for (const label of labels) key += ` ${label}`;
    if (groups !== undefined) key += ` ${groups.streamed ? 'stream ' : ''}${groups.deferGroups?.key ?? 'incremental'}`;
    let prepared = known.prepared.get(key);
    const isKnown = prepared?.isNew === false;
    if (purpose === 'execution') {
      this.options.onOperation?.(known.document, isKnown);
      if (prepared) prepared.isNew = false;
    }
    if (!prepared) {
      const { useOf, policies = [], namesOperationsOf, onPlanned } = this.options;
      prepared = new PreparedOperation({
        document: known.document,
        operation,
        supergraph,
        fieldIndex: this.labels.fieldIndex(labels),
        conditions: variables,
        use: useOf?.(known.document, operation, supergraph.publicSchema),
        ...{ policies, namesOperationsOf, onPlanned },
        cachePolicy: readCachePolicy?.(known.document, operation, known.reads.isGuarded),
        dependsOn: (plan) => this.dependencies.ofPlan(plan, known.reads),
        ...groups,
      });
      prepared.isNew = purpose === 'key';
      known.prepared.set(key, prepared);
    }
    prepared.wasKnown = isKnown;
    return prepared;
  }

  /** Prepares the operation of a request before it is executed; `undefined` where its plan is not determined yet. */
  ahead(view: View, known: ClientDocument, request: OperationRequest): PreparedOperation | undefined {
    if (known.labels.length > 0 || mayDropFields(known)) return undefined;
    const operation = chooseOperation(known.document, request.operationName);
    if (!('kind' in operation)) return undefined;
    const conditions = conditionValues(known.conditions, operation, request.variables);
    if (conditions === undefined) return undefined;
    const { deferGroups } = request;
    const groups = deferGroups && { deferGroups };
    try {
      return this.get(view, known, operation, conditions, [], groups, 'key');
    } catch (error) {
      if (error instanceof OperationTooLargeError) return undefined;
      throw error;
    }
  }
}

/** Plans an operation ahead of its execution; `undefined` where it cannot be planned, which its execution reports. */
export function planOrUndefined(prepared: PreparedOperation): PreparedOperation['compiled'] | undefined {
  try {
    return prepared.compiled;
  } catch (error) {
    if (error instanceof OperationTooLargeError || error instanceof UnsupportedFieldError) return undefined;
    throw error;
  }
}
