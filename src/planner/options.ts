import type { SelectionSetNode } from 'graphql';
import type { OpField } from '../operation/operation.ts';
import type { SubgraphField } from '../supergraph/supergraph.ts';
import type { Abilities, Provider } from './abilities.ts';
import { COST } from './costs.ts';
import type { Estimator } from './estimate.ts';
import type { FetchNode, Position } from './positions.ts';
import { readableField, standpointOf } from './reading.ts';
import { cheapest, type RouteFinder } from './routes.ts';
import { unplannable } from './unplannable.ts';

/** A way to read a field of the objects at a position; nothing is added to the plan before `take`. */
export interface Option {
  readonly cost: number;
  /** The part of the cost that reading the field itself takes, without what is selected below it. */
  readonly reach: number;
  readonly level: number;
  /** Who would be asked, where it is not asked already. */
  readonly provider?: Provider;
  take(): { node: FetchNode; resolvedBy: SubgraphField };
}

/**
 * Finds every way to read a field at a position: in a fetch that has the objects already, by a route into a subgraph that
 * resolves the field, or by a look-up that sends what its `@requires` asks for.
 *
 * In:  `topProducts`, `Product`, `reviews`
 * Out: `[reviews by upc, cost 110]`
 */
export class OptionFinder {
  private readonly abilities: Abilities;
  private readonly routes: RouteFinder;
  private readonly estimator: Estimator;
  /** Fields whose `@requires` are being placed right now: they cannot serve as their own input. */
  private readonly requiring = new Set<string>();
  private readonly requiredFetches = new Map<
    SelectionSetNode,
    { position: Position; owner: string; node: FetchNode }[]
  >();

  constructor(abilities: Abilities, routes: RouteFinder, estimator: Estimator) {
    this.abilities = abilities;
    this.routes = routes;
    this.estimator = estimator;
  }

  find(position: Position, owner: string, field: OpField): Option[] {
    const options: Option[] = [];
    for (const node of position.nodes) {
      if (!this.routes.isInScope(node, owner)) continue;
      const at = standpointOf(node);
      const resolvedBy = readableField(this.abilities, at, owner, field.name);
      if (!resolvedBy) continue;
      const below = this.estimator.below(field, at.subgraph, resolvedBy, at.provided);
      options.push({ cost: below, reach: 0, level: node.fetch.level, take: () => ({ node, resolvedBy }) });
      // nothing can be cheaper, or earlier, than what came with the objects themselves
      if (below === 0 && node.fetch.level === position.nodes[0]?.fetch.level) return options.slice(-1);
    }
    for (const provider of this.abilities.providers(owner, field.name)) {
      const option = provider.field.requires
        ? this.optionWithInputs(position, owner, field, provider)
        : this.optionByRoute(position, owner, field, provider);
      if (option) options.push({ ...option, provider });
    }
    return options;
  }

  private optionByRoute(position: Position, owner: string, field: OpField, provider: Provider): Option | undefined {
    const { subgraph } = provider;
    const route = this.routes.find(position, owner, subgraph, field.name);
    if (!route) return undefined;
    const below = this.estimator.below(field, subgraph, provider.field);
    return {
      cost: route.cost + below,
      reach: route.cost,
      level: route.level,
      take: () => {
        const node = route.take();
        const resolvedBy = readableField(this.abilities, standpointOf(node), owner, field.name);
        if (!resolvedBy) throw unplannable(position, owner, field);
        return { node, resolvedBy };
      },
    };
  }

  private optionWithInputs(position: Position, owner: string, field: OpField, provider: Provider): Option | undefined {
    const { subgraph, type, field: resolvedBy } = provider;
    const set = resolvedBy.requires;
    if (!set) return undefined;
    const known = this.requiredFetches
      .get(set)
      ?.find((f) => f.position === position && f.owner === owner && f.node.type === type);
    const below = this.estimator.below(field, subgraph, resolvedBy);
    if (known) {
      const { node } = known;
      return { cost: below, reach: 0, level: node.fetch.level, take: () => ({ node, resolvedBy }) };
    }
    const guard = `${position.id} ${owner} ${subgraph.id} ${field.name}`;
    if (this.requiring.has(guard)) return undefined;
    const found = this.guarded(guard, () => {
      const inputs = this.routes.inputs(position, owner, set, []);
      const keys = this.abilities
        .entries(owner)
        .filter((entry) => entry.subgraph === subgraph && entry.type === type)
        .map((entry) => {
          const key = this.routes.inputs(position, owner, entry.key.fields, []);
          return key && { ...key, entry };
        });
      const key = cheapest(keys);
      return inputs && key && { inputs, key };
    });
    if (!found) return undefined;
    const { inputs, key } = found;
    const reach = inputs.cost + key.cost + COST.request + COST.wave;
    return {
      cost: reach + below,
      reach,
      level: Math.max(inputs.level, key.level) + 1,
      take: () => {
        const taken = this.guarded(guard, () => ({ key: key.take(), required: inputs.take() }));
        const node = this.routes.addLookup(position, owner, key.entry, taken.key, taken.required);
        this.requiredFetches.set(set, [...(this.requiredFetches.get(set) ?? []), { position, owner, node }]);
        return { node, resolvedBy };
      },
    };
  }

  private guarded<T>(guard: string, run: () => T): T {
    this.requiring.add(guard);
    try {
      return run();
    } finally {
      this.requiring.delete(guard);
    }
  }
}
