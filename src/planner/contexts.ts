import type { SelectionSetNode } from 'graphql';
import { parseFieldSet } from '../supergraph/field-set.ts';
import type { ContextArgument, SubgraphField, SupergraphModel } from '../supergraph/supergraph.ts';
import type { FieldIndex } from './field-index.ts';
import { getOrMake } from './maps.ts';
import type { ContextSource, ContextValue, Fetch, Position } from './positions.ts';
import type { Inputs } from './representation.ts';

/** A way to have fields read at a position, as the route finder finds it; nothing is added to the plan before `take`. */
interface InputRoute {
  readonly cost: number;
  readonly level: number;
  take(): Inputs;
}

/** What is needed of the stages that place fields. */
export interface ContextReading {
  /** The cheapest way to have a field set read of the objects at a position that are of a type. */
  inputs(position: Position, owner: string, set: SelectionSetNode): InputRoute | undefined;
  /** The fetch that tells the runtime type of the objects at an abstract position. */
  typenameAt(position: Position): Fetch | undefined;
  /** Whether any object at a position can be of a type. */
  canBe(position: Position, type: string): boolean;
}

/** A way to the values that a field takes from contexts. */
export interface ContextRoute {
  readonly cost: number;
  readonly level: number;
  take(): { readonly values: ContextValue[]; readonly dependsOn: ReadonlySet<Fetch> };
}

/** A text that two arguments have in common exactly if they take the same value in the same form. */
export function contextKey({ context, selection, type }: ContextArgument): string {
  return `${context} ${selection} ${type}`;
}

/** A text that two fields have in common exactly if they take the same values. */
export function contextKeys(field: SubgraphField): string {
  return field.contextArguments.length === 0 ? '' : distinctContexts(field).map(contextKey).join();
}

/** The arguments of a field that take a value each, those of the same value only once. */
function distinctContexts({ contextArguments }: SubgraphField): ContextArgument[] {
  return [...new Map(contextArguments.map((argument) => [contextKey(argument), argument])).values()];
}

/**
 * Finds where the values of `@fromContext` arguments are to be read: at the nearest object above that is of a type that
 * sets the context. Where only some of the types that may be there set it, the search goes on above for the others.
 *
 * In:  position `me.page`, argument `locale` from `users__reader { locale }`, which `User` sets
 * Out: read `locale` at `me`
 */
export class ContextFinder {
  private readonly fieldIndex: FieldIndex;
  private readonly reading: ContextReading;
  private readonly setters: Map<string, ReadonlySet<string>>;

  constructor(fieldIndex: FieldIndex, reading: ContextReading) {
    this.fieldIndex = fieldIndex;
    this.reading = reading;
    this.setters = settersOf(fieldIndex.supergraph);
  }

  /** A way to all values that a field at a position takes from contexts; `undefined` where a context is set nowhere above. */
  find(position: Position, field: SubgraphField): ContextRoute | undefined {
    let cost = 0;
    let level = 0;
    const ways: { argument: ContextArgument; places: Place[] }[] = [];
    for (const argument of distinctContexts(field)) {
      const places = this.placesOf(position, argument);
      if (!places || places.length === 0) return undefined;
      for (const { route } of places) {
        cost += route.cost;
        level = Math.max(level, route.level);
      }
      ways.push({ argument, places });
    }
    return { cost, level, take: () => this.take(ways) };
  }

  private placesOf(position: Position, argument: ContextArgument): Place[] | undefined {
    const set = parseFieldSet(argument.selection);
    const setters = this.setters.get(argument.context) ?? new Set();
    const places: Place[] = [];
    for (let { origin } = position; origin; origin = origin.parent.origin) {
      const { parent, owner } = origin;
      const possible = [...this.fieldIndex.possible(owner)].filter((type) => this.reading.canBe(parent, type));
      const types = setters.has(owner) ? [owner] : possible.filter((type) => setters.has(type));
      for (const type of types) {
        const route = this.reading.inputs(parent, type, set);
        if (!route) return undefined;
        places.push({ position: parent, type, always: type === owner, route });
      }
      if (setters.has(owner) || types.length === possible.length) break;
    }
    return places;
  }

  private take(ways: readonly { argument: ContextArgument; places: readonly Place[] }[]) {
    const dependsOn = new Set<Fetch>();
    const values = ways.map(({ argument, places }): ContextValue => {
      const sources = places.map(({ position, type, always, route }): ContextSource => {
        const { fields, dependsOn: needed } = route.take();
        for (const fetch of needed) dependsOn.add(fetch);
        const typename = always ? undefined : this.reading.typenameAt(position);
        if (typename) dependsOn.add(typename);
        return { position, type, possible: always ? undefined : this.fieldIndex.possible(type), fields };
      });
      return { key: contextKey(argument), type: argument.type, sources };
    });
    return { values, dependsOn };
  }
}

interface Place {
  readonly position: Position;
  readonly type: string;
  /** Every object on the way is of the type. */
  readonly always: boolean;
  readonly route: InputRoute;
}

const settersOfSupergraph = new WeakMap<SupergraphModel, Map<string, ReadonlySet<string>>>();

/** By context, the types that set it: those that bear it, and the types of interfaces and unions that do. */
export function settersOf(supergraph: SupergraphModel): Map<string, ReadonlySet<string>> {
  return getOrMake(settersOfSupergraph, supergraph, () => {
    const setters = new Map<string, Set<string>>();
    for (const type of supergraph.types.values()) {
      for (const { name } of type.directives.get('context') ?? []) {
        const types = getOrMake(setters, String(name), () => new Set<string>());
        types.add(type.name);
        for (const possible of type.possible) types.add(possible);
      }
    }
    return setters;
  });
}
