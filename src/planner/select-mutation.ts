import type { OpField, OpSelection } from '../operation/operation.ts';
import type { Steps } from '../shared/steps.ts';
import type { Estimator } from './estimate.ts';
import type { FetchGraph } from './fetch-graph.ts';
import type { Provider } from './field-index.ts';
import type { FetchNode } from './positions.ts';
import { cheapest } from './routes.ts';
import { unplannable } from './unplannable.ts';

/** What planning a mutation needs of the stage that places selections. */
interface RootFieldPlacer {
  /** Reads a root field at a node, under a key of its own. */
  putRootField(node: FetchNode, owner: string, field: OpField, provider: Provider): void;
  /** Reads the selection below a root field. */
  selectBelowInSteps(field: OpField): Steps<void>;
}

/**
 * Plans a mutation, whose root fields run one after the other: each waits for everything that the one before needed.
 *
 * In:  `mutation { add(item: 1) { stock } pay }`, all of `carts`, but `stock` of `inventory`
 * Out: fetch 0 `carts { add }`, fetch 1 `inventory` `{ stock }` after 0, fetch 2 `carts { pay }` after both
 */
export function* selectMutation(
  graph: FetchGraph,
  estimator: Estimator,
  placer: RootFieldPlacer,
  selection: OpSelection,
): Steps<void> {
  let last: FetchNode | undefined;
  for (const field of selection.items) {
    if (field.kind !== 'field' || field.name.startsWith('__')) continue;
    const provider = providerOf(graph, estimator, field);
    const { subgraph } = provider;
    const alone = last !== undefined && graph.fetches.at(-1) === last.fetch && last.fetch.subgraph === subgraph;
    if (!last || !alone) {
      // the last one already waits for everything before it
      const needed = new Set(graph.fetches.slice(last?.fetch.id));
      last = graph.addRootFetch(subgraph, graph.root, needed);
    }
    placer.putRootField(last, selection.parentType, field, provider);
    yield* placer.selectBelowInSteps(field);
  }
}

function providerOf({ fieldIndex, root }: FetchGraph, estimator: Estimator, field: OpField): Provider {
  const options = fieldIndex.providers(root.type, field.name).map((provider) => ({
    provider,
    cost: estimator.withDeferred(field, provider.subgraph, provider.field),
    level: 0,
  }));
  const best = cheapest(options);
  if (!best) throw unplannable(root, root.type, field);
  return best.provider;
}
