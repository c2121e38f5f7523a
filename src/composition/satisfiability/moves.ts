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
 * Objects of one type, as one or more paths of an operation reach them. What can be read of them depends on this
 * alone, whatever the path was.
 */
export interface State {
  readonly typeName: string;
  readonly isAbstract: boolean;
  /** The scopes in which the fields that lead here return the objects. */
  readonly start: ScopeSet;
  /** Values that fields can take from objects above: `contextKey`s. */
  readonly contexts: ReadonlySet<string>;
  /** The scopes including those of look-ups. Final after {@link Moves.close}. */
  reached: ScopeSet;
  /**
   * Fields that need a look-up of their own, whose `@requires` and `@fromContext` are satisfied. Final after {@link
   * Moves.close}.
   */
  readonly lookupFields: Set<Provider>;
  isClosed: boolean;
  isClosing: boolean;
}

const NO_CONTEXTS: ReadonlySet<string> = new Set();

/**
 * The moves between subgraphs that planning can make, as a graph of states: which scopes look-ups reach from some
 * objects, which fields can be read there, and which state a field leads to.
 *
 * In:  `Product`, as `reviews` returns it, with `@key(fields: "upc")` in `reviews` and `products`
 * Out: reached in `reviews` and `products`
 */
export class Moves {
  readonly fieldIndex: FieldIndex;
  readonly scopes = new ScopeNumbers();
  /** How many states there are: the measure of the work. */
  get stateCount(): number {
    return this.states.size;
  }
  private readonly states = new Map<string, State>();
  private readonly inputFields = new Map<string, readonly Provider[]>();
  private readonly narrowed = new Map<State, Map<string, State>>();
  private readonly contextArguments: readonly ContextArgument[];
  /** The states that are being closed, each because the one before needs it. */
  private readonly closing: State[] = [];
  /** States whose context values are being searched. */
  private readonly readingContexts = new Set<State>();
  /** Whether the state that is being closed depends on one that is not closed yet. */
  private isOpen = false;

  constructor(fieldIndex: FieldIndex) {
    this.fieldIndex = fieldIndex;
    this.contextArguments = distinctContextArguments(fieldIndex);
  }

  /** Returns the state of the objects at the root of an operation. */
  root(typeName: string): State {
    return this.stateOf(typeName, this.inAllSubgraphs(typeName), NO_CONTEXTS);
  }

  /** Returns the scopes of a root type in all subgraphs: it can be requested again wherever it occurs. */
  private inAllSubgraphs(typeName: string): ScopeSet {
    let set = 0n;
    for (const subgraph of this.fieldIndex.supergraph.subgraphs) {
      const type = subgraph.types.get(typeName);
      if (type) set |= this.scopes.setOf(subgraph, type, []);
    }
    return set;
  }

  stateOf(typeName: string, start: ScopeSet, contexts: ReadonlySet<string>): State {
    const isQuery = typeName === this.fieldIndex.supergraph.rootTypes.query;
    const from = isQuery ? start | this.inAllSubgraphs(typeName) : start;
    const key = `${typeName} ${from.toString(36)} ${[...contexts].sort().join()}`;
    return getOrMake(this.states, key, () => ({
      typeName,
      isAbstract: this.fieldIndex.isAbstract(typeName),
      start: from,
      contexts,
      reached: from,
      lookupFields: new Set<Provider>(),
      isClosed: false,
      isClosing: false,
    }));
  }

  /**
   * Finds everything that look-ups reach from a state: the least fixed point, because one look-up may return the key
   * of another. A state that depends on itself, by keys with objects, is read as far as it is known, and examined
   * again.
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
      const there = this.scopes.setOf(entry.subgraph, entry.type, []);
      if ((state.reached & there) !== 0n || !this.canResolve(state, entry.key.fields)) continue;
      state.reached |= there;
      grown = true;
    }
    for (const provider of this.fieldsWithInputs(state.typeName)) {
      if (state.lookupFields.has(provider) || !this.hasInputs(state, provider)) continue;
      state.lookupFields.add(provider);
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
    if (requires && !this.canResolve(state, requires)) return false;
    if (!contextArguments.every((argument) => state.contexts.has(contextKey(argument)))) return false;
    return this.entriesOf(state, provider).some((entry) => this.canResolve(state, entry.key.fields));
  }

  entriesOf({ typeName }: State, { subgraph, type }: Provider): Entry[] {
    return this.fieldIndex.entries(typeName).filter((entry) => entry.subgraph === subgraph && entry.type === type);
  }

  /** Returns whether all fields of a key, or of `@requires`, can be resolved at a state. */
  canResolve(state: State, set: SelectionSetNode): boolean {
    return this.canResolveAll(state, this.fieldIndex.fieldSet(set, state.typeName));
  }

  private canResolveAll(state: State, selection: OpSelection): boolean {
    return selection.items.every((item) => {
      if (item.kind === 'field') return this.canResolveField(state, item);
      const possible = this.fieldIndex.possible(item.typeCondition);
      if (!state.isAbstract) return !possible.has(state.typeName) || this.canResolveAll(state, item.selection);
      this.close(state);
      const types = this.possibleTypes(state).filter((type) => possible.has(type));
      return types.every((type) => this.canResolveAll(this.narrow(state, type), item.selection));
    });
  }

  private canResolveField(state: State, field: OpField): boolean {
    this.close(state);
    if (field.name === '__typename') return !state.isAbstract || this.hasTypename(state);
    if (this.canRead(state, field.name)) {
      if (!field.selection) return true;
      if (this.canResolveAll(this.below(state, field.name), field.selection)) return true;
    }
    if (!state.isAbstract) return false;
    return this.possibleTypes(state).every((type) => this.canResolveField(this.narrow(state, type), field));
  }

  /** Returns whether any reached subgraph resolves a field of the objects at a state. */
  canRead(state: State, fieldName: string): boolean {
    for (const _ of this.readers(state, fieldName)) return true;
    return false;
  }

  /** Returns the scopes in which a field of the objects at a state can be read, and the field there. */
  private *readers(state: State, name: string): Generator<{ at: SubgraphScope; field: SubgraphField }> {
    for (const at of this.scopes.members(state.reached)) {
      const field = readableField(this.fieldIndex, at, state.typeName, name);
      if (field) yield { at, field };
    }
    for (const { subgraph, type, field } of state.lookupFields)
      if (field.name === name) yield { at: { subgraph, type, provided: [] }, field };
  }

  /** Returns the state of the objects that a field leads to. */
  below(state: State, fieldName: string): State {
    const { scopes } = this;
    let start = 0n;
    for (const { at, field } of this.readers(state, fieldName)) {
      const below = scopeBelow(at, field);
      if (below) start |= scopes.setOf(below.subgraph, below.type, below.provided);
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
    // an object that a value is read from cannot take that value itself
    if (this.readingContexts.has(state)) return contexts;
    this.readingContexts.add(state);
    const available = set.filter(({ selection }) => this.canResolve(state, parseFieldSet(selection)));
    this.readingContexts.delete(state);
    for (const argument of available) contexts.add(contextKey(argument));
    return contexts;
  }

  /** Returns the object types that objects at a state may have. */
  possibleTypes(state: State): string[] {
    const producers = [...this.scopes.members(state.start)].map(({ type }) => type);
    const unions = producers.filter(({ kind }) => kind === 'union');
    return [...this.fieldIndex.possible(state.typeName)].filter(
      (name) =>
        producers.some((type) => overlaps(this.fieldIndex, type, name)) &&
        // a union that several subgraphs may return contains only the types that all of them define
        unions.every((type) => overlaps(this.fieldIndex, type, name)),
    );
  }

  /** Returns the state of those objects that have one object type. */
  narrow(state: State, typeName: string): State {
    const made = getOrMake(this.narrowed, state, () => new Map<string, State>());
    const known = made.get(typeName);
    if (known) return known;
    const isPossible = (of: string) => this.fieldIndex.possible(of).has(typeName);
    const start = this.scopes.narrow(state.reached, typeName, isPossible);
    const narrowed = this.stateOf(typeName, start, state.contexts);
    if (state.isClosed) made.set(typeName, narrowed);
    return narrowed;
  }

  /** Returns whether the type of the objects at a state can be read. */
  hasTypename(state: State): boolean {
    for (const { type } of this.scopes.members(state.reached)) if (type.kind !== 'interfaceObject') return true;
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
