import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { type CompiledPlan, compilePlan } from '../executor/compile.ts';
import { normalise } from '../operation/normalise.ts';
import type { Abilities } from '../planner/abilities.ts';
import { planOperation } from '../planner/planner.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { introspectionPart } from './introspection.ts';

/** An operation ready to run: everything that does not depend on one request. */
export interface PreparedOperation {
  readonly compiled: CompiledPlan;
  readonly introspection: DocumentNode | undefined;
}

/**
 * Plans and compiles an operation for given values of its condition variables.
 * @param supergraph the one whose public schema the client sees; it may show less than that of `abilities`
 */
export function prepareOperation(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  supergraph: Supergraph,
  abilities: Abilities,
  conditions: Readonly<Record<string, unknown>>,
): PreparedOperation {
  const plan = planOperation(normalise(document, operation, supergraph, conditions), abilities);
  return { compiled: compilePlan(plan, supergraph), introspection: introspectionPart(document, operation) };
}
