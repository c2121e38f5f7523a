import type { QueryPlan } from './plan.ts';

/** The most characters that the name of a client's operation, or of a subgraph, adds to a name. */
const LONGEST_PART = 64;

/**
 * Returns a plan whose operations have names, of the client's operation, the subgraph and the number of the request:
 * `Shop__products__1`. An operation without a name counts as `Anonymous`. Operations that the gateway resolves itself get no name.
 * @param isNamed returns whether the operations for a subgraph have names
 */
export function nameOperations(plan: QueryPlan, isNamed: (subgraph: string) => boolean): QueryPlan {
  const client = (plan.operation.name ?? 'Anonymous').slice(0, LONGEST_PART);
  const requests = plan.requests.map((request) => {
    const { subgraph, id } = request;
    if (subgraph.inProcess !== undefined || !isNamed(subgraph.name)) return request;
    const name = `${client}__${subgraph.name.replaceAll(/\W/g, '_').slice(0, LONGEST_PART)}__${id + 1}`;
    return { ...request, name };
  });
  return { ...plan, requests };
}
