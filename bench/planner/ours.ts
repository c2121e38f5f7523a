import { type DocumentNode, type OperationDefinitionNode, parse, validate } from 'graphql';
import { normalise } from '../../src/operation/normalise.ts';
import { FieldIndex } from '../../src/planner/field-index.ts';
import { planOperation } from '../../src/planner/planner.ts';
import { printPlan } from '../../src/planner/print-plan.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { BrokenPlan, checkPlan } from '../../test/planner/invariants.ts';
import type { Planned, Planning, Unplanned } from './planned.ts';

/** Our planner; each plan is checked for the invariants that the tests check. */
export function ourPlanner(sdl: string): Planning {
  const supergraph = readSupergraph(sdl);
  const fieldIndex = new FieldIndex(supergraph);
  const plan = (query: string, variables: Readonly<Record<string, unknown>>): Planned => {
    const document = parse(query);
    const [problem] = validate(supergraph.publicSchema, document);
    if (problem) throw new NotValid(problem.message);
    const operation = operationOf(document);
    const planned = planOperation(
      normalise(document, operation, supergraph, conditionsOf(operation, variables)),
      fieldIndex,
    );
    const waves = Math.max(0, ...planned.requests.map(({ level }) => level + 1));
    const broken = findBroken(() => checkPlan(planned, supergraph));
    return { requests: planned.requests.length, waves, broken, text: printPlan(planned) };
  };
  return { plan: (query, variables) => attempt(() => plan(query, variables)) };
}

function findBroken(check: () => void): string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof BrokenPlan) return error.message.split('\n');
    throw error;
  }
}

/** The query is none of this schema's: nothing to compare. */
class NotValid extends Error {
  override readonly name = 'NotValid';
}

export const NOT_VALID = 'NotValid: ';

/** The result, or the error's name and message. */
export function attempt(plan: () => Planned): Planned | Unplanned {
  try {
    return plan();
  } catch (error) {
    return { problem: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

export function operationOf(document: DocumentNode): OperationDefinitionNode {
  const operation = document.definitions.find((definition) => definition.kind === 'OperationDefinition');
  if (!operation) throw new Error('The document has no operation');
  return operation;
}

/** Values of the variables that `@skip` and `@include` may name, defaults included. */
export function conditionsOf(
  { variableDefinitions }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const conditions: Record<string, unknown> = {};
  for (const { variable, defaultValue } of variableDefinitions ?? []) {
    const name = variable.name.value;
    conditions[name] = variables[name] ?? (defaultValue?.kind === 'BooleanValue' ? defaultValue.value : undefined);
  }
  return conditions;
}
