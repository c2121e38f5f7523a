import type { SelectionSetNode } from 'graphql';
import type { OpField, OpSelection } from '../../operation/operation.ts';
import { contextKey, settersOf } from '../../planner/contexts.ts';
import { type Entry, type FieldIndex, needsOwnLookup, type Provider } from '../../planner/field-index.ts';
import { getOrMake } from '../../planner/maps.ts';
import { overlaps, readableField, type SubgraphScope, scopeBelow } from '../../planner/subgraph-scope.ts';
import { parseFieldSet } from '../../supergraph/field-set.ts';
import type { ContextArgument, SubgraphField } from '../../supergraph/supergraph.ts';
import { ScopeNumbers, type ScopeSet } from './scopes.ts';

/**
 * Objects of one type, as they are had on one or more paths of an operation. What can be read of them depends on this alone,
 * whatever the path was.
 */
export interface State {
  readonly typeName: string;
  readonly isAbstract: boolean;
  /** As the fields that lead here give them. */
  readonly start: ScopeSet;
  /** Values that fields can take from objects above: `contextKey`s. */
  readonly contexts: ReadonlySet<string>;
  /** With what look-ups reach. Final after {@link Moves.close}. */
  reached: ScopeSet;
  /** Fields that a look-up of their own gives, `@requires` and `@fromContext` being satisfied. Final after {@link Moves.close}. */
  readonly looked: Set<Provider>;
  isClosed: boolean;
  isClosing: boolean;
}

const NO_CONTEXTS: ReadonlySet<string> = new Set();

/**
 * The moves between subgraphs that planning can make, as a graph of states: where look-ups lead from some objects, which
 * fields can be read there, and in what state the objects are that a field leads to.
 *
 * In:  `Product`, as `reviews` gives it, with `@key(fields: "upc")` in `reviews` and `products`
 * Out: reached in `reviews` and `products`
 */
export class Moves {
  readonly fieldIndex: FieldIndex;
  readonly standpoints = new ScopeNumbers();
  /** How many states there are: the measure of the work. */
  get stateCount(): number {
    return this.states.size;
  }
  private readonly states = new Map<string, State>();
  private readonly inputFields = new Map<string, readonly Provider[]>();
  private readonly narrowed = new Map<State, Map<string, State>>();
  private readonly contextArguments: readonly ContextArgument[];
  /** The states that are being closed, each for the sake of the one before. */
  private readonly closing: State[] = [];
  /** States whose context values are being looked for. */
  private readonly reading = new Set<State>();
  /** Whether the state that is being closed was found to depend on one that is not closed yet. */
  private isOpen = false;

  constructor(fieldIndex: FieldIndex) {
    this.fieldIndex = fieldIndex;
    this.contextArguments = distinctContextArguments(fieldIndex);
  }

  /** The state of the objects at the root of an operation. */
  root(typeName: string): State {
    return this.stateOf(typeName, this.everywhere(typeName), NO_CONTEXTS);
  }

  /** The root of queries can be asked anew wherever it turns up. */
  private everywhere(typeName: string): ScopeSet {
    let set = 0n;
    for (const subgraph of this.fieldIndex.supergraph.subgraphs) {
      const type = subgraph.types.get(typeName);
      if (type) set |= this.standpoints.setOf(subgraph, type, []);
    }
    return set;
  }

  stateOf(typeName: string, start: ScopeSet, contexts: ReadonlySet<string>): State {
    const isQuery = typeName === this.fieldIndex.supergraph.rootTypes.query;
    const from = isQuery ? start | this.everywhere(typeName) : start;
    const key = `${typeName} ${from.toString(36)} ${[...contexts].sort().join()}`;
    return getOrMake(this.states, key, () => ({
      typeName,
      isAbstract: this.fieldIndex.isAbstract(typeName),
      start: from,
      contexts,
      reached: from,
      looked: new Set<Provider>(),
      isClosed: false,
      isClosing: false,
    }));
  }

  /**
   * Finds all that look-ups reach from a state: the least fixed point, as one look-up may give the key of another. A state
   * that turns up within itself, by keys that hold objects, is read as far as it is known, and gone through again.
   */
  close(state: State): void {
    if (state.isClosed) return;
    if (state.isClosing) {
      this.isOpen ||= state !== this.closing.at(-1);
      return;
    }
    const outerIsOpen = this.isOpen;
    this.isOpen = false;
    state.isClosing = true;
    this.closing.push(state);
    while (this.grow(state));
    this.closing.pop();
    state.isClosing = false;
    const isOutermost = this.closing.length === 0;
    state.isClosed = isOutermost || !this.isOpen;
    this.isOpen = !isOutermost && (this.isOpen || outerIsOpen);
  }

  private grow(state: State): boolean {
    let grown = false;
    for (const entry of this.fieldIndex.entries(state.typeName)) {
      const there = this.standpoints.setOf(entry.subgraph, entry.type, []);
      if ((state.reached & there) !== 0n || !this.canGet(state, entry.key.fields)) continue;
      state.reached |= there;
      grown = true;
    }
    for (const provider of this.fieldsWithInputs(state.typeName)) {
      if (state.looked.has(provider) || !this.hasInputs(state, provider)) continue;
      state.looked.add(provider);
      grown = true;
    }
    return grown;
  }

  private fieldsWithInputs(typeName: string): readonly Provider[] {
    return getOrMake(this.inputFields, typeName, () => {
      const fields = [...(this.fieldIndex.supergraph.types.get(typeName)?.fields.keys() ?? [])];
      return fields.flatMap((name) =>
        this.fieldIndex.providers(typeName, name).filter((provider) => needsOwnLookup(provider.field)),
      );
    });
  }

  private hasInputs(state: State, provider: Provider): boolean {
    const { requires, contextArguments } = provider.field;
    if (requires && !this.canGet(state, requires)) return false;
    if (!contextArguments.every((argument) => state.contexts.has(contextKey(argument)))) return false;
    return this.entriesOf(state, provider).some((entry) => this.canGet(state, entry.key.fields));
  }

  entriesOf({ typeName }: State, { subgraph, type }: Provider): Entry[] {
    return this.fieldIndex.entries(typeName).filter((entry) => entry.subgraph === subgraph && entry.type === type);
  }

  /** Whether all fields of a key, or of `@requires`, can be had at a state. */
  canGet(state: State, set: SelectionSetNode): boolean {
    return this.canGetAll(state, this.fieldIndex.fieldSet(set, state.typeName));
  }

  private canGetAll(state: State, selection: OpSelection): boolean {
    return selection.items.every((item) => {
      if (item.kind === 'field') return this.canGetField(state, item);
      const possible = this.fieldIndex.possible(item.typeCondition);
      if (!state.isAbstract) return !possible.has(state.typeName) || this.canGetAll(state, item.selection);
      this.close(state);
      const types = this.possibleTypes(state).filter((type) => possible.has(type));
      return types.every((type) => this.canGetAll(this.narrow(state, type), item.selection));
    });
  }

  private canGetField(state: State, field: OpField): boolean {
    this.close(state);
    if (field.name === '__typename') return !state.isAbstract || this.hasTypename(state);
    if (this.canRead(state, field.name)) {
      if (!field.selection) return true;
      if (this.canGetAll(this.below(state, field.name), field.selection)) return true;
    }
    if (!state.isAbstract) return false;
    return this.possibleTypes(state).every((type) => this.canGetField(this.narrow(state, type), field));
  }

  /** Whether any subgraph reached gives a field of the objects at a state. */
  canRead(state: State, fieldName: string): boolean {
    for (const _ of this.readings(state, fieldName)) return true;
    return false;
  }

  /** Where a field of the objects at a state can be read, and as which field. */
  private *readings(state: State, name: string): Generator<{ at: SubgraphScope; field: SubgraphField }> {
    for (const at of this.standpoints.members(state.reached)) {
      const field = readableField(this.fieldIndex, at, state.typeName, name);
      if (field) yield { at, field };
    }
    for (const { subgraph, type, field } of state.looked)
      if (field.name === name) yield { at: { subgraph, type, provided: [] }, field };
  }

  /** The state of the objects that a field leads to. */
  below(state: State, fieldName: string): State {
    const { standpoints } = this;
    let start = 0n;
    for (const { at, field } of this.readings(state, fieldName)) {
      const below = scopeBelow(at, field);
      if (below) start |= standpoints.setOf(below.subgraph, below.type, below.provided);
    }
    const typeName = this.fieldIndex.supergraph.types.get(state.typeName)?.fields.get(fieldName)?.namedType ?? '';
    return this.stateOf(typeName, start, this.contextsBelow(state));
  }

  private contextsBelow(state: State): ReadonlySet<string> {
    const set = this.contextArguments.filter(({ context }) =>
      settersOf(this.fieldIndex.supergraph).get(context)?.has(state.typeName),
    );
    if (set.length === 0) return state.contexts;
    const contexts = new Set(state.contexts);
    // the nearest object that sets a context counts, even where its value is not available
    for (const argument of set) contexts.delete(contextKey(argument));
    // what a value is read from cannot take that value itself
    if (this.reading.has(state)) return contexts;
    this.reading.add(state);
    const available = set.filter(({ selection }) => this.canGet(state, parseFieldSet(selection)));
    this.reading.delete(state);
    for (const argument of available) contexts.add(contextKey(argument));
    return contexts;
  }

  /** The object types that objects at a state may turn out to be of. */
  possibleTypes(state: State): string[] {
    const producers = [...this.standpoints.members(state.start)].map(({ type }) => type);
    const unions = producers.filter(({ kind }) => kind === 'union');
    return [...this.fieldIndex.possible(state.typeName)].filter(
      (name) =>
        producers.some((type) => overlaps(this.fieldIndex, type, name)) &&
        // a union that several subgraphs may give holds only what all of them know
        unions.every((type) => overlaps(this.fieldIndex, type, name)),
    );
  }

  /** The state of those objects that turn out to be of one object type. */
  narrow(state: State, typeName: string): State {
    const made = getOrMake(this.narrowed, state, () => new Map<string, State>());
    const known = made.get(typeName);
    if (known) return known;
    const isPossible = (of: string) => this.fieldIndex.possible(of).has(typeName);
    const start = this.standpoints.narrow(state.reached, typeName, isPossible);
    const narrowed = this.stateOf(typeName, start, state.contexts);
    if (state.isClosed) made.set(typeName, narrowed);
    return narrowed;
  }

  /** Whether the objects at a state can be asked of what type they are. */
  hasTypename(state: State): boolean {
    for (const { type } of this.standpoints.members(state.reached)) if (type.kind !== 'interfaceObject') return true;
    return false;
  }
}

function distinctContextArguments({ supergraph }: FieldIndex): ContextArgument[] {
  const distinct = new Map<string, ContextArgument>();
  for (const { types } of supergraph.subgraphs)
    for (const { fields } of types.values())
      for (const { contextArguments } of fields.values())
        for (const argument of contextArguments) distinct.set(contextKey(argument), argument);
  return [...distinct.values()];
}
