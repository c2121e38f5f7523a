import { parse, validate } from 'graphql';
import { deferGroups, findDeferredFields } from '../../src/operation/defer-groups.ts';
import { normalise } from '../../src/operation/normalise.ts';
import { FieldIndex } from '../../src/planner/field-index.ts';
import type { QueryPlan } from '../../src/planner/plan.ts';
import { type PlanStages, planInStages } from '../../src/planner/planner.ts';
import { printPlan } from '../../src/planner/print-plan.ts';
import { readSupergraph, type Supergraph } from '../../src/supergraph/supergraph.ts';
import { composeSupergraph } from '../worlds/compose.ts';
import { withFederationLink } from '../worlds/subgraph-sdl.ts';
import { checkPlan } from './invariants.ts';

export interface TestPlanner {
  readonly supergraph: Supergraph;
  /** The printed plan of the one operation of a document. Throws where the plan breaks an invariant. */
  plan(query: string, conditions?: Record<string, unknown>): string;
  /** The same for a query of which nothing else is to wait for some sections, by their paths. */
  planApart(query: string, ...sections: string[]): string;
  stages(query: string, conditions?: Record<string, unknown>, sections?: readonly string[]): PlanStages;
}

/**
 * Plans over subgraphs that are given as federation 2 SDL by name; the `@link` line is added.
 *
 * @example
 * const { plan } = planner({ users: 'type Query { me: User } type User { id: ID! }' });
 * expect(plan('{ me { id } }')).toMatchInlineSnapshot();
 */
export function planner(subgraphs: Readonly<Record<string, string>>, labels?: ReadonlySet<string>): TestPlanner {
  const sdls = new Map(Object.entries(subgraphs).map(([name, sdl]) => [name, withFederationLink(sdl)]));
  return plannerOf(readSupergraph(composeSupergraph(sdls)), labels);
}

export function plannerOf(supergraph: Supergraph, labels?: ReadonlySet<string>): TestPlanner {
  const fieldIndex = new FieldIndex(supergraph, labels);
  const stages: TestPlanner['stages'] = (query, conditions = {}, sections = []) => {
    const document = parse(query);
    const [problem] = validate(supergraph.publicSchema, document);
    if (problem) throw problem;
    const operation = document.definitions.find((definition) => definition.kind === 'OperationDefinition');
    if (!operation) throw new Error('The document has no operation');
    const normal = normalise(document, operation, supergraph, conditions);
    const timed = deferGroups(sections.map((path) => ({ path: path.split('.'), timeoutMs: 100 })));
    const planned = planInStages(normal, fieldIndex, timed && findDeferredFields(normal, timed));
    checkPlan(planned.plan, supergraph);
    return planned;
  };
  return {
    supergraph,
    stages,
    plan: (query, conditions) => printPlan(stages(query, conditions).plan),
    planApart: (query, ...sections) => printPlan(stages(query, {}, sections).plan),
  };
}

/** `[requests, waves]` of a plan. */
export function size({ requests }: QueryPlan): [number, number] {
  return [requests.length, Math.max(0, ...requests.map(({ level }) => level + 1))];
}
