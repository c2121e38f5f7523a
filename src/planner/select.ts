import { type DeferredFields, isApart } from '../operation/defer-groups.ts';
import { type FragmentSets, NOT_DEFERRED } from '../operation/deferred-fragments.ts';
import type { OpField, OpSelection } from '../operation/operation.ts';
import { runToEnd, type Steps } from '../shared/steps.ts';
import { AFTER_THE_REST, choicesOf, inOrder } from './choices.ts';
import { ContextFinder } from './contexts.ts';
import { COST } from './costs.ts';
import { canSeparate, DeferredLookups, keepTogether } from './deferred-lookups.ts';
import { Estimator } from './estimate.ts';
import type { FetchGraph } from './fetch-graph.ts';
import type { FieldIndex, Provider } from './field-index.ts';
import { type Group, REST } from './field-uses.ts';
import { type Option, OptionFinder } from './options.ts';
import { Placements } from './placements.ts';
import type { Fetch, FetchNode, Position } from './positions.ts';
import { PossibleTypes } from './possible-types.ts';
import { cheapest, RouteFinder, type SelectionPlacer } from './routes.ts';
import { selectMutation } from './select-mutation.ts';
import { needsSeparateSelection } from './separate-selection.ts';
import { withSiblings } from './siblings.ts';
import { readableField, scopeOf } from './subgraph-scope.ts';
import { unplannable, unplannableError } from './unplannable.ts';

/** How many types are examined one by one before objects are split by type. */
const FEW_TYPES = 8;

/** One selected field on one type that has to be placed. */
interface Task {
  readonly owner: string;
  readonly field: OpField;
  readonly choices: number;
  /** Whether it is in another deferred fragment than the objects, and a fetch that has them could read it. */
  readonly isDeferred: boolean;
}

/** A selection that is still to be placed. */
interface PendingSelection {
  readonly position: Position;
  readonly selection: OpSelection;
  /** The defer group that the objects belong to; none for inputs. */
  readonly group?: number | undefined;
}

/** A placed field whose selection is still to be placed. */
interface PendingField {
  readonly position: Position;
  readonly field: OpField;
}

/**
 * Decides for each selected field which subgraph resolves it, and adds it to that fetch at once. Fields with the
 * fewest choices go first. Existing fetches cost nothing, so later fields join them where they can.
 *
 * In:  `{ topProducts { name reviews { body } } }`
 * Out: fetch 0 `products { topProducts { name upc } }`, fetch 1 `reviews` by `upc` `{ reviews { body } }`
 */
export class Selector implements SelectionPlacer {
  private readonly graph: FetchGraph;
  private readonly fieldIndex: FieldIndex;
  private readonly routes: RouteFinder;
  private readonly placements: Placements;
  private readonly estimator: Estimator;
  private readonly options: OptionFinder;
  private readonly possibleTypes: PossibleTypes;
  private readonly deferredLookups: DeferredLookups;
  private readonly deferred: DeferredFields;
  private readonly fragmentSets: FragmentSets | undefined;

  /**
   * @param deferred the fields of defer groups
   * @param fragmentSets set where these groups are deferred fragments
   */
  constructor(graph: FetchGraph, deferred: DeferredFields, fragmentSets: FragmentSets | undefined) {
    this.graph = graph;
    this.deferred = deferred;
    this.fragmentSets = fragmentSets;
    this.fieldIndex = graph.fieldIndex;
    this.routes = new RouteFinder(graph, this);
    this.placements = new Placements(graph);
    this.estimator = new Estimator(graph.fieldIndex, deferred);
    const contexts = new ContextFinder(graph.fieldIndex, {
      inputs: (position, owner, set) => this.routes.inputs(position, owner, set, []),
      typenameAt: (position) => this.typenameAt(position),
      canBe: (position, type) => this.possibleTypes.canBe(position, type),
    });
    this.options = new OptionFinder(graph.fieldIndex, this.routes, this.estimator, contexts);
    this.possibleTypes = new PossibleTypes(graph.fieldIndex);
    this.deferredLookups = new DeferredLookups(graph, this.routes, this);
  }

  select(position: Position, selection: OpSelection): void {
    runToEnd(this.selectInSteps([{ position, selection }]));
  }

  /** Places selections, and what is selected below them, depth first. */
  *selectInSteps(pending: (PendingSelection | PendingField)[]): Steps<void> {
    for (let next = pending.pop(); next; next = pending.pop()) {
      if ('field' in next) {
        pending.push(...this.below(next).reverse());
        continue;
      }
      const { position, selection, group } = next;
      const tasks: Task[] = [];
      this.collect(position, selection, tasks, group);
      yield;
      const ordered = tasks.length > 1 ? inOrder(keepTogether(tasks)) : tasks;
      const placedLeaves = new Map<string, OpField>();
      for (const [index, task] of ordered.entries()) {
        if (!this.placements.reuse(position, task, placedLeaves)) this.place(position, task, ordered, index);
        yield;
      }
      for (const { field } of tasks.reverse()) if (field.selection) pending.push({ position, field });
    }
  }

  private below({ position, field }: PendingField): PendingSelection[] {
    const { selection } = field;
    if (!selection) return [];
    return [...(position.placed.get(field) ?? [])].flatMap(([owner, { alias }]) => {
      const below = position.below(alias, owner);
      return below ? [{ position: below, selection, group: this.deferred.get(field) }] : [];
    });
  }

  selectMutation(selection: OpSelection): Steps<void> {
    const { graph, estimator } = this;
    const { root } = graph;
    const placer = {
      putRootField: (node: FetchNode, owner: string, field: OpField, provider: Provider) =>
        this.placements.place(root, node, { owner, field, resolvedBy: provider.field, ownAlias: true }),
      selectBelowInSteps: (field: OpField) => this.selectInSteps([{ position: root, field }]),
    };
    return selectMutation(graph, estimator, placer, selection);
  }

  private selectBelow(position: Position, field: OpField): void {
    runToEnd(this.selectInSteps([{ position, field }]));
  }

  private collect(position: Position, selection: OpSelection, tasks: Task[], group: number | undefined): void {
    for (const item of selection.items) {
      if (item.kind === 'typeCondition') {
        this.typenameAt(position);
        if (this.possibleTypes.canBe(position, item.typeCondition))
          this.collect(position, item.selection, tasks, group);
      } else if (item.name === '__typename') {
        if (this.fieldIndex.isAbstract(position.type)) this.typenameAt(position);
      } else if (!item.name.startsWith('__')) {
        const { parentType: owner } = selection;
        const isLater = isApart(this.deferred, item, group);
        const isDeferred =
          isLater &&
          item.fragments !== NOT_DEFERRED &&
          canSeparate(position, item) &&
          this.isReadableNow(position, owner, item.name);
        // the rest must not be read with what is there for a defer group only
        const opensFetch = isLater && !this.isReadableOnTypes(position, owner, item.name);
        const choices =
          choicesOf(this.fieldIndex, position, owner, item) + (isDeferred || opensFetch ? AFTER_THE_REST : 0);
        tasks.push({ owner, field: item, choices, isDeferred });
      }
    }
  }

  private place(position: Position, task: Task, siblings: readonly Task[], index: number): void {
    const { owner, field } = task;
    if (position.placed.get(field)?.has(owner)) return;
    this.placements.placeFor(this.deferred.get(field) ?? REST, () => this.placeAtBest(position, task, siblings, index));
  }

  private placeAtBest(position: Position, task: Task, siblings: readonly Task[], index: number): void {
    const { owner, field } = task;
    const options = this.options.find(position, owner, field);
    const best = cheapest(options.map((option) => withSiblings(this.estimator, option, siblings, index)));
    if (task.isDeferred && best?.provider === undefined && this.placeDeferred(position, task, best)) return;
    // the selection below costs the same on each type, so it is no reason to split the types
    const isExpensive = !best || best.ownCost >= COST.request || best.cost >= COST.deadEnd;
    const expand = isExpensive && this.fieldIndex.isAbstract(owner);
    const splitByType = best === undefined || (expand && this.isCheaperPerType(position, owner, field, best));
    if (expand && this.placeOnEachType(position, task, splitByType)) return;
    if (!best) throw unplannableError(this.fieldIndex, position, owner, field);
    const { node, resolvedBy } = best.take();
    this.placements.place(position, node, { owner, field, resolvedBy });
  }

  /** Reads a field of an abstract type on each object type instead. Returns false where that is no better. */
  private placeOnEachType(position: Position, whole: Task, forced: boolean): boolean {
    const { owner, field } = whole;
    const types = this.typesAt(position, owner);
    if (types.length === 0) return false;
    if (!forced && !types.every((type) => this.isReadableNow(position, type, field.name))) return false;
    this.typenameAt(position);
    const outermost = !this.routes.splitByType.has(position);
    this.routes.splitByType.add(position);
    for (const type of types) {
      const task = { ...whole, owner: type, choices: 1 };
      this.place(position, task, [task], 0);
    }
    if (outermost) this.routes.splitByType.delete(position);
    return true;
  }

  /**
   * Returns whether separate reads on each type are together cheaper than one expensive read for all of them; only
   * for few types.
   */
  private isCheaperPerType(position: Position, owner: string, field: OpField, best: Option): boolean {
    if (best.ownCost <= COST.request + COST.wave) return false;
    const types = this.typesAt(position, owner);
    if (types.length > FEW_TYPES) return false;
    const reached = new Map<Provider['subgraph'] | undefined, number>();
    for (const type of types) {
      const option = cheapest(this.options.find(position, type, field));
      if (!option) return false;
      const subgraph = option.provider?.subgraph;
      reached.set(subgraph, Math.max(option.ownCost, reached.get(subgraph) ?? 0));
    }
    let total = 0;
    for (const ownCost of reached.values()) total += ownCost;
    return total < best.ownCost;
  }

  /** Returns the object types of a type that objects at a position may have. */
  private typesAt(position: Position, owner: string): string[] {
    return [...this.fieldIndex.possible(owner)].filter((type) => this.possibleTypes.canBe(position, type));
  }

  /** Reads a deferred field by key, in place of an option that reads it where the objects come from. Returns whether it can. */
  private placeDeferred(position: Position, { owner, field }: Task, best: Option | undefined): boolean {
    const node = best?.take().node;
    const isAwaited = (group: Group) => group === REST || this.fragmentSets?.waitsFor(field.fragments, group) === true;
    if (node && this.placements.isReadFor(isAwaited, node, owner, field)) return false;
    const types = this.fieldIndex.isAbstract(owner) ? this.typesAt(position, owner) : [];
    const lookups = node && this.deferredLookups.find(node, owner, field, types);
    if (!lookups) return false;
    if (lookups.length > 1) this.typenameAt(position);
    for (const { type, take } of lookups) {
      const { node: lookup, resolvedBy } = take();
      // objects of the look-up stay apart from those that the key or others read there
      const alias = field.selection && position.aliasScope.known(field.responseKey, field);
      const ownAlias = !!alias && !!position.below(alias, type);
      this.placements.place(position, lookup, { owner: type, field, resolvedBy, ownAlias });
    }
    return true;
  }

  private isReadableNow(position: Position, owner: string, fieldName: string): boolean {
    return position.nodes.some(
      (node) =>
        this.routes.isInScope(node, owner) &&
        readableField(this.fieldIndex, scopeOf(node), owner, fieldName) !== undefined,
    );
  }

  /** Returns whether a field can be read now on each type that the objects may have. */
  private isReadableOnTypes(position: Position, owner: string, fieldName: string): boolean {
    if (this.isReadableNow(position, owner, fieldName)) return true;
    return this.typesAt(position, owner).every((type) => this.isReadableNow(position, type, fieldName));
  }

  /** Reads an input at a node, separately from the client's selection where that could make the input null. */
  private putInput(node: FetchNode, owner: string, field: OpField): void {
    const { position } = node;
    const resolvedBy = readableField(this.fieldIndex, scopeOf(node), owner, field.name);
    if (!resolvedBy) throw unplannable(position, owner, field);
    const ownAlias = field.selection !== undefined && needsSeparateSelection(this.fieldIndex, node, owner, field);
    this.placements.place(position, node, { owner, field, resolvedBy, ownAlias });
  }

  placeAll(node: FetchNode, selection: OpSelection): void {
    const { position } = node;
    for (const item of selection.items) {
      if (item.kind === 'typeCondition') {
        this.typenameAt(position);
        if (this.possibleTypes.canBe(position, item.typeCondition)) this.placeAll(node, item.selection);
      } else if (item.name === '__typename') {
        this.typenameAt(position);
      } else {
        this.placeAt(node, selection.parentType, item);
      }
    }
  }

  selectByType(position: Position, owner: string, field: OpField): void {
    const task = { owner, field, choices: 1, isDeferred: false };
    if (this.fieldIndex.isAbstract(owner) && this.placeOnEachType(position, task, true)) {
      this.selectBelow(position, field);
    } else {
      this.select(position, { parentType: owner, items: [field] });
    }
  }

  placeOne(node: FetchNode, owner: string, field: OpField): void {
    const { position } = node;
    if (!position.placed.get(field)?.has(owner)) {
      this.putInput(node, owner, field);
    }
    this.selectBelow(position, field);
  }

  private placeAt(node: FetchNode, owner: string, field: OpField): void {
    const { position } = node;
    const known = position.placed.get(field)?.has(owner);
    if (!known) {
      this.putInput(node, owner, field);
    }
    const placements = position.placed.get(field);
    const placement = placements?.get(owner) ?? placements?.get(node.type.name);
    const below = placement?.node.fields.get(placement.alias.key)?.node;
    if (!below || !field.selection) return;
    if (known) this.select(below.position, field.selection);
    else this.placeAll(below, field.selection);
  }

  typenameAt(position: Position): Fetch | undefined {
    const typeRead = position.nodes.find((node) => node.typename);
    if (typeRead) return typeRead.fetch;
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
      this.fieldIndex.supergraph.subgraphs.map((subgraph) =>
        this.routes.find(position, position.type, subgraph, '__typename'),
      ),
    );
  }
}
