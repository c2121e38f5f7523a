import type { SelectionSetNode } from 'graphql';
import type { OpField } from '../operation/operation.ts';
import type { SubgraphField } from '../supergraph/supergraph.ts';
import { type ContextFinder, type ContextRoute, contextKeys } from './contexts.ts';
import { COST } from './costs.ts';
import type { Estimator } from './estimate.ts';
import { type FieldIndex, needsOwnLookup, type Provider } from './field-index.ts';
import { getOrMake } from './maps.ts';
import type { FetchNode, Position } from './positions.ts';
import { cheapest, type RouteFinder } from './routes.ts';
import { readableField, scopeOf } from './subgraph-scope.ts';
import { unplannable } from './unplannable.ts';

/** A way to read a field of the objects at a position. Nothing is added to the plan before `take`. */
export interface Option {
  readonly cost: number;
  /** The cost of the field itself, without what is selected below it. */
  readonly ownCost: number;
  readonly level: number;
  /** The subgraph of an additional request; `undefined` where an existing fetch has the field. */
  readonly provider: Provider | undefined;
  take(): { node: FetchNode; resolvedBy: SubgraphField };
}

interface OwnLookup {
  readonly owner: string;
  readonly requires: SelectionSetNode | undefined;
  /** The keys of the context values that it takes. */
  readonly contexts: string;
  readonly node: FetchNode;
}

const NO_CONTEXTS: ContextRoute = { cost: 0, level: 0, take: () => ({ values: [], dependsOn: new Set() }) };

/**
 * Finds every way to read a field at a position: in a fetch that already has the objects, by a route into a subgraph
 * that resolves the field, or by a look-up that sends the inputs of `@requires` and `@fromContext`.
 *
 * In:  `topProducts`, `Product`, `reviews`
 * Out: `[reviews by upc, cost 110]`
 */
export class OptionFinder {
  private readonly fieldIndex: FieldIndex;
  private readonly routes: RouteFinder;
  private readonly estimator: Estimator;
  private readonly contexts: ContextFinder;
  /** Fields whose inputs are being placed: they cannot be their own input. */
  private readonly requiring = new Set<string>();
  /** Look-ups with inputs: fields with the same inputs for the same objects share one. */
  private readonly ownLookups = new Map<Position, OwnLookup[]>();

  constructor(fieldIndex: FieldIndex, routes: RouteFinder, estimator: Estimator, contexts: ContextFinder) {
    this.fieldIndex = fieldIndex;
    this.routes = routes;
    this.estimator = estimator;
    this.contexts = contexts;
  }

  find(position: Position, owner: string, field: OpField): Option[] {
    const options: Option[] = [];
    for (const node of position.nodes) {
      if (!this.routes.isInScope(node, owner)) continue;
      const at = scopeOf(node);
      const resolvedBy = readableField(this.fieldIndex, at, owner, field.name);
      if (!resolvedBy) continue;
      const below = this.estimator.below(field, at.subgraph, resolvedBy, at.provided);
      const { level } = node.fetch;
      options.push({ cost: below, ownCost: 0, level, provider: undefined, take: () => ({ node, resolvedBy }) });
      // nothing is cheaper, or earlier, than the fetch that returned the objects
      if (below === 0 && node.fetch.level === position.nodes[0]?.fetch.level) return options.slice(-1);
    }
    for (const provider of this.fieldIndex.providers(owner, field.name)) {
      const option = needsOwnLookup(provider.field)
        ? this.optionWithInputs(position, owner, field, provider)
        : this.optionByRoute(position, owner, field, provider);
      if (option) options.push(option);
    }
    return options;
  }

  private optionByRoute(position: Position, owner: string, field: OpField, provider: Provider): Option | undefined {
    const { subgraph } = provider;
    const route = this.routes.find(position, owner, subgraph, field.name);
    if (!route) return undefined;
    // a fetch that is there already is not better because of what is deferred: perhaps it is for that only
    const isNew = route.cost >= COST.request;
    const below = this.estimator[isNew ? 'withDeferred' : 'below'](field, subgraph, provider.field);
    return {
      cost: route.cost + below,
      ownCost: route.cost,
      level: route.level,
      provider,
      take: () => {
        const node = route.take();
        const resolvedBy = readableField(this.fieldIndex, scopeOf(node), owner, field.name);
        if (!resolvedBy) throw unplannable(position, owner, field);
        return { node, resolvedBy };
      },
    };
  }

  private optionWithInputs(position: Position, owner: string, field: OpField, provider: Provider): Option | undefined {
    const { subgraph, type, field: resolvedBy } = provider;
    const below = this.estimator.below(field, subgraph, resolvedBy);
    const contexts = contextKeys(resolvedBy);
    const { requires } = resolvedBy;
    const lookups = getOrMake(this.ownLookups, position, (): OwnLookup[] => []);
    const known = lookups.find(
      (f) => f.requires === requires && f.owner === owner && f.contexts === contexts && f.node.type === type,
    );
    if (known) {
      const { node } = known;
      return { cost: below, ownCost: 0, level: node.fetch.level, provider, take: () => ({ node, resolvedBy }) };
    }
    const guard = `${position.id} ${owner} ${subgraph.id} ${field.name}`;
    if (this.requiring.has(guard)) return undefined;
    const route = this.guarded(guard, () => this.routeWithInputs(position, owner, provider));
    if (!route) return undefined;
    const ownCost = route.cost + COST.request + COST.wave;
    return {
      cost: ownCost + this.estimator.withDeferred(field, subgraph, resolvedBy),
      ownCost,
      level: route.level + 1,
      provider,
      take: () => {
        const { key, more } = this.guarded(guard, () => route.take());
        const node = this.routes.addLookup(position, owner, route.entry, key, more);
        lookups.push({ owner, requires, contexts, node });
        return { node, resolvedBy };
      },
    };
  }

  /** Finds routes to a key, to the required fields and to the context values; `undefined` where one is missing. */
  private routeWithInputs(position: Position, owner: string, { subgraph, type, field }: Provider) {
    const { requires } = field;
    const required = requires && this.routes.inputs(position, owner, requires, []);
    const contexts = field.contextArguments.length > 0 ? this.contexts.find(position, field) : NO_CONTEXTS;
    if ((requires && !required) || !contexts) return undefined;
    const keys = this.fieldIndex
      .entries(owner)
      .filter((entry) => entry.subgraph === subgraph && entry.type === type)
      .map((entry) => {
        const key = this.routes.inputs(position, owner, entry.key.fields, []);
        return key && { ...key, entry };
      });
    const key = cheapest(keys);
    if (!key) return undefined;
    return {
      cost: (required?.cost ?? 0) + contexts.cost + key.cost,
      level: Math.max(required?.level ?? 0, contexts.level, key.level),
      entry: key.entry,
      take: () => ({ key: key.take(), more: { required: required?.take(), contexts: contexts.take() } }),
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
