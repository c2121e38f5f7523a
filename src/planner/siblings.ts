import type { OpField } from '../operation/operation.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';
import { COST } from './costs.ts';
import type { Estimator } from './estimate.ts';
import type { Option } from './options.ts';

/** How many of the fields still to be placed are examined when two options cost the same. */
const MAX_SIBLINGS = 20;

/** A field that is still to be placed, on one type. */
interface Sibling {
  readonly owner: string;
  readonly field: OpField;
}

/**
 * Prefers, among options of the same cost, the one into a subgraph that serves more of the fields still to be
 * placed.
 * @param index of the field that the option is for, among its siblings
 */
export function withSiblings(
  estimator: Estimator,
  option: Option,
  siblings: readonly Sibling[],
  index: number,
): Option {
  const { provider } = option;
  if (!provider || option.cost < COST.request) return option;
  let shared = 0;
  const end = Math.min(siblings.length, index + 1 + MAX_SIBLINGS);
  for (let i = index + 1; i < end; i++) {
    const sibling = siblings[i];
    if (sibling) shared += siblingScore(estimator, provider.subgraph, sibling);
  }
  if (shared === 0) return option;
  const { ownCost, level, take } = option;
  return { cost: option.cost - shared, ownCost, level, provider, take };
}

/**
 * Returns 1 where a subgraph has everything that is selected, 0.5 where it has the field but not all of the
 * selection below it, else 0.
 */
function siblingScore(estimator: Estimator, subgraph: Subgraph, { owner, field }: Sibling): number {
  const provider = estimator.fieldIndex.providers(owner, field.name).find((p) => p.subgraph === subgraph);
  if (!provider) return 0;
  return estimator.below(field, subgraph, provider.field) < COST.request ? 1 : 0.5;
}
