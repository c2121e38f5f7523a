import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { type CompiledPlan, compilePlan } from '../executor/compile.ts';
import { normalise } from '../operation/normalise.ts';
import type { Abilities } from '../planner/abilities.ts';
import { planOperation } from '../planner/planner.ts';
import { introspectionPart } from './introspection.ts';

/** An operation ready to run: everything that does not depend on one request. */
export interface PreparedOperation {
  readonly compiled: CompiledPlan;
  readonly introspection: DocumentNode | undefined;
}

/** Plans and compiles an operation for given values of its condition variables. */
export function prepareOperation(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  abilities: Abilities,
  conditions: Readonly<Record<string, unknown>>,
): PreparedOperation {
  const plan = planOperation(normalise(document, operation, abilities.supergraph, conditions), abilities);
  return { compiled: compilePlan(plan, abilities.supergraph), introspection: introspectionPart(document, operation) };
}
