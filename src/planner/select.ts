import type { SelectionSetNode } from 'graphql';
import type { OpField, OpSelection } from '../operation/operation.ts';
import type { Subgraph, SubgraphField } from '../supergraph/supergraph.ts';
import type { Abilities, Provider } from './abilities.ts';
import { COST } from './costs.ts';
import { Estimator } from './estimate.ts';
import type { FetchGraph } from './fetch-graph.ts';
import { getOrMake } from './maps.ts';
import type { Fetch, FetchNode, Placement, Position } from './positions.ts';
import { overlaps, readableField, standpointOf } from './reading.ts';
import { cheapest, RouteFinder, type Selecting } from './routes.ts';

/** A field that no subgraph can give on any way: a supergraph that composed would not allow it. */
export class UnplannableError extends Error {
  override readonly name = 'UnplannableError';
}

/** The supergraph uses something here that is not planned yet; the message is for clients, too. */
export class UnsupportedFieldError extends Error {
  override readonly name = 'UnsupportedFieldError';
}

/** One selected field on one type, to be read from somewhere. */
interface Task {
  readonly owner: string;
  readonly field: OpField;
  readonly choices: number;
}

interface Option {
  readonly cost: number;
  /** The part of the cost that reading the field itself takes, without what is selected below it. */
  readonly reach: number;
  readonly level: number;
  take(): { node: FetchNode; resolvedBy: SubgraphField };
}

/**
 * Decides for each selected field which subgraph gives it, and puts it into that fetch at once. Fields with the fewest
 * choices go first; what is already asked costs nothing, so the later ones join where they can.
 *
 * In:  `{ topProducts { name reviews { body } } }`
 * Out: fetch 0 `products { topProducts { name upc } }`, fetch 1 `reviews` by `upc` `{ reviews { body } }`
 */
export class Selector implements Selecting {
  private readonly graph: FetchGraph;
  private readonly abilities: Abilities;
  private readonly routes: RouteFinder;
  private readonly estimator: Estimator;
  private readonly sources = new Map<Position, readonly Subgraph[]>();
  /** Fields whose `@requires` are being placed right now: they cannot serve as their own input. */
  private readonly requiring = new Set<string>();
  private readonly requiredFetches = new Map<
    SelectionSetNode,
    { position: Position; owner: string; node: FetchNode }[]
  >();

  constructor(graph: FetchGraph) {
    this.graph = graph;
    this.abilities = graph.abilities;
    this.routes = new RouteFinder(graph, this);
    this.estimator = new Estimator(graph.abilities);
  }

  select(position: Position, selection: OpSelection): void {
    const tasks: Task[] = [];
    this.collect(position, selection, tasks);
    const ordered = tasks.length > 1 ? [...tasks].sort((a, b) => a.choices - b.choices) : tasks;
    const twins = new Map<string, OpField>();
    for (const [index, task] of ordered.entries())
      if (!this.placeAsTwin(position, task, twins)) this.place(position, task, ordered, index);
    for (const { field } of tasks) this.selectBelow(position, field);
  }

  /** A leaf that is also selected under another alias is read where that is; true where it has been placed so. */
  private placeAsTwin(position: Position, { owner, field }: Task, twins: Map<string, OpField>): boolean {
    if (field.selection) return false;
    const key = `${owner}.${field.name}(${field.argsKey})`;
    const twin = position.placed.get(twins.get(key) ?? field);
    if (!twin || position.placed.has(field)) {
      twins.set(key, field);
      return false;
    }
    position.placed.set(field, new Map(twin));
    return true;
  }

  /** Mutations run one after the other: the next root field waits for everything that the last one needed. */
  selectMutation(selection: OpSelection): void {
    let last: FetchNode | undefined;
    for (const field of selection.items) {
      if (field.kind !== 'field' || field.name.startsWith('__')) continue;
      const provider = this.mutationProvider(field);
      const alone =
        last !== undefined && this.graph.fetches.at(-1) === last.fetch && last.fetch.subgraph === provider.subgraph;
      if (!last || !alone)
        last = this.graph.addRootFetch(provider.subgraph, this.graph.root, new Set(this.graph.fetches));
      this.put(this.graph.root, last, selection.parentType, field, provider.field, true);
      this.selectBelow(this.graph.root, field);
    }
  }

  private mutationProvider(field: OpField): Provider {
    const providers = this.abilities.providers(this.graph.root.type, field.name);
    const options = providers.map((provider) => ({
      provider,
      cost: this.estimator.below(field, provider.subgraph, provider.field),
      level: 0,
    }));
    const best = cheapest(options);
    if (!best) throw unplannable(this.graph.root, this.graph.root.type, field);
    return best.provider;
  }

  private selectBelow(position: Position, field: OpField): void {
    if (!field.selection) return;
    for (const [owner, { wire }] of position.placed.get(field) ?? []) {
      const below = position.below(wire, owner);
      if (below) this.select(below, field.selection);
    }
  }

  private collect(position: Position, selection: OpSelection, tasks: Task[]): void {
    for (const item of selection.items) {
      if (item.kind === 'narrowing') {
        this.typenameAt(position);
        if (this.canBe(position, item.typeCondition)) this.collect(position, item.selection, tasks);
      } else if (item.name === '__typename') {
        if (this.abilities.isAbstract(position.type)) this.typenameAt(position);
      } else if (!item.name.startsWith('__')) {
        tasks.push({
          owner: selection.parentType,
          field: item,
          choices: this.choices(position, selection.parentType, item),
        });
      }
    }
  }

  private choices(position: Position, owner: string, field: OpField): number {
    const first = position.nodes[0];
    // what comes with the objects themselves is decided; keys that are among it then cost nothing
    if (first && !field.selection && readableField(this.abilities, standpointOf(first), owner, field.name)) return 0;
    const providers = this.abilities.providers(owner, field.name);
    // what needs inputs goes last: by then its inputs' subgraphs may have been asked anyway
    return providers.some((provider) => provider.field.requires) ? 1_000 : providers.length;
  }

  private place(position: Position, task: Task, siblings: readonly Task[], index: number): void {
    const { owner, field } = task;
    if (position.placed.get(field)?.has(owner)) return;
    const options = this.options(position, owner, field);
    const best = cheapest(options.map((option) => this.weighed(option, siblings, index)));
    // what lies below costs the same on each type, so it is no reason to tell them apart
    const dear = !best || best.reach >= COST.request || best.cost >= COST.deadEnd;
    const expand = dear && this.abilities.isAbstract(owner);
    if (expand && this.placeOnEachType(position, owner, field, best === undefined)) return;
    if (!best) throw unplannable(position, owner, field);
    const { node, resolvedBy } = best.take();
    this.put(position, node, owner, field, resolvedBy, false);
  }

  /** Among ways of the same cost, the one into a subgraph that serves more of the fields still to be placed. */
  private weighed(option: Option & { provider?: Provider }, siblings: readonly Task[], index: number): Option {
    const { provider } = option;
    if (!provider || option.cost < COST.request) return option;
    let shared = 0;
    for (let i = index + 1; i < siblings.length && shared < 20; i++) {
      const sibling = siblings[i];
      if (!sibling) continue;
      if (this.abilities.providers(sibling.owner, sibling.field.name).some((p) => p.subgraph === provider.subgraph))
        shared += 1;
    }
    return { ...option, cost: option.cost - shared };
  }

  private options(position: Position, owner: string, field: OpField): (Option & { provider?: Provider })[] {
    const options: (Option & { provider?: Provider })[] = [];
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

  /** Reads a field of an abstract type on each object type instead; false where that is no better than what is known. */
  private placeOnEachType(position: Position, owner: string, field: OpField, forced: boolean): boolean {
    const types = [...this.abilities.possible(owner)].filter((type) => this.canBe(position, type));
    if (types.length === 0) return false;
    if (!forced && !types.every((type) => this.isReadableNow(position, type, field.name))) return false;
    this.typenameAt(position);
    const outermost = !this.routes.apart.has(position);
    this.routes.apart.add(position);
    for (const type of types) {
      const task = { owner: type, field, choices: 1 };
      this.place(position, task, [task], 0);
    }
    if (outermost) this.routes.apart.delete(position);
    return true;
  }

  private isReadableNow(position: Position, owner: string, fieldName: string): boolean {
    return position.nodes.some(
      (node) =>
        this.routes.isInScope(node, owner) &&
        readableField(this.abilities, standpointOf(node), owner, fieldName) !== undefined,
    );
  }

  private put(
    position: Position,
    node: FetchNode,
    owner: string,
    field: OpField,
    resolvedBy: SubgraphField,
    fresh: boolean,
  ): void {
    if (resolvedBy.contextArguments.length > 0) throw needsContext(node, owner, resolvedBy);
    const target = this.graph.narrow(node, owner);
    // where a node has objects of one type only, it is that type's field, whatever it was selected on
    const { kind, name } = target.type;
    const effective = kind === 'object' || kind === 'interfaceObject' ? name : owner;
    const wire = this.graph.addField(target, effective, field, resolvedBy, fresh);
    getOrMake(position.placed, field, () => new Map<string, Placement>()).set(effective, { wire, node: target });
  }

  placeAll(node: FetchNode, selection: OpSelection): void {
    const { position } = node;
    for (const item of selection.items) {
      if (item.kind === 'narrowing') {
        this.typenameAt(position);
        if (this.canBe(position, item.typeCondition)) this.placeAll(node, item.selection);
      } else if (item.name === '__typename') {
        this.typenameAt(position);
      } else {
        this.placeAt(node, selection.parentType, item);
      }
    }
  }

  private placeAt(node: FetchNode, owner: string, field: OpField): void {
    const { position } = node;
    const known = position.placed.get(field)?.has(owner);
    if (!known) {
      const resolvedBy = readableField(this.abilities, standpointOf(node), owner, field.name);
      if (!resolvedBy) throw unplannable(position, owner, field);
      this.put(position, node, owner, field, resolvedBy, false);
    }
    const placements = position.placed.get(field);
    const placement = placements?.get(owner) ?? placements?.get(node.type.name);
    const below = placement?.node.fields.get(placement.wire.key)?.node;
    if (!below || !field.selection) return;
    if (known) this.select(below.position, field.selection);
    else this.placeAll(below, field.selection);
  }

  typenameAt(position: Position): Fetch | undefined {
    const told = position.nodes.find((node) => node.typename);
    if (told) return told.fetch;
    const real = position.nodes.find(
      (node) => node.type.kind !== 'interfaceObject' && this.routes.isInScope(node, position.type),
    );
    const node = real ?? this.routeToTypename(position)?.take();
    if (!node) return undefined;
    node.typename = true;
    return node.fetch;
  }

  private routeToTypename(position: Position) {
    return cheapest(
      this.abilities.supergraph.subgraphs.map((subgraph) =>
        this.routes.find(position, position.type, subgraph, '__typename'),
      ),
    );
  }

  /** Whether objects at a position may turn out to be of a type, as far as the subgraphs that may bring them are concerned. */
  private canBe(position: Position, typeName: string): boolean {
    const first = position.nodes[0];
    if (!first) return true;
    if (!overlaps(this.abilities, first.type, typeName)) return false;
    if (first.type.kind !== 'union') return true;
    // a union that several subgraphs may give here holds only what all of them know
    return this.sourcesOf(position).every((subgraph) => {
      const type = subgraph.types.get(first.type.name);
      return !type || overlaps(this.abilities, type, typeName);
    });
  }

  /** The subgraphs that could be asked for the objects at a position. */
  private sourcesOf(position: Position): readonly Subgraph[] {
    return getOrMake(this.sources, position, () => this.findSources(position));
  }

  private findSources({ origin, type }: Position): Subgraph[] {
    const { subgraphs } = this.abilities.supergraph;
    if (!origin) return [...subgraphs];
    const above = this.sourcesOf(origin.parent);
    const givers = this.abilities.providers(origin.owner, origin.wire.name).map((provider) => provider.subgraph);
    const looked = new Set(this.abilities.entries(type).map((entry) => entry.subgraph));
    return subgraphs.filter(
      (subgraph) => looked.has(subgraph) || (givers.includes(subgraph) && above.includes(subgraph)),
    );
  }
}

function unplannable(position: Position, owner: string, field: OpField): UnplannableError {
  const path: string[] = [field.responseKey];
  for (let at = position.origin; at; at = at.parent.origin) path.unshift(at.wire.key);
  return new UnplannableError(`No subgraph can give ${owner}.${field.name} at ${path.join('.')}`);
}

function needsContext({ fetch }: FetchNode, owner: string, { name, contextArguments }: SubgraphField) {
  const [argument] = contextArguments;
  return new UnsupportedFieldError(
    `${owner}.${name} cannot be asked for: its argument "${argument?.name}" in the subgraph "${fetch.subgraph.name}" comes ` +
      'from @fromContext, and values from a context are not passed to subgraphs yet.',
  );
}
