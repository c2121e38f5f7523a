import type { SelectionSetNode } from 'graphql';
import { parseFieldSet } from '../supergraph/field-set.ts';
import type { ContextArgument, SubgraphField, SupergraphModel } from '../supergraph/supergraph.ts';
import type { FieldIndex } from './field-index.ts';
import { getOrMake } from './maps.ts';
import type { ContextSource, ContextValue, Fetch, Position } from './positions.ts';
import type { Inputs } from './representation.ts';

/** A route to fields at a position, as the route finder finds it. Nothing is added to the plan before `take`. */
interface InputRoute {
  readonly cost: number;
  readonly level: number;
  take(): Inputs;
}

/** What the context finder needs of the stages that place fields. */
export interface ContextStages {
  /** Returns the cheapest route to a field set of those objects at a position that are of a type. */
  inputs(position: Position, owner: string, set: SelectionSetNode): InputRoute | undefined;
  /** Returns the fetch that reads the runtime type of the objects at an abstract position. */
  typenameAt(position: Position): Fetch | undefined;
  /** Returns whether any object at a position can be of a type. */
  canBe(position: Position, type: string): boolean;
}

/** A route to the values that a field takes from contexts. */
export interface ContextRoute {
  readonly cost: number;
  readonly level: number;
  take(): { readonly values: ContextValue[]; readonly dependsOn: ReadonlySet<Fetch> };
}

/** Returns a text that is equal for two arguments exactly if they take the same value in the same form. */
export function contextKey({ context, selection, type }: ContextArgument): string {
  return `${context} ${selection} ${type}`;
}

/** Returns a text that is equal for two fields exactly if they take the same values. */
export function contextKeys(field: SubgraphField): string {
  return field.contextArguments.length === 0 ? '' : distinctContexts(field).map(contextKey).join();
}

/** Returns the arguments of a field that take a value, one for each distinct value. */
function distinctContexts({ contextArguments }: SubgraphField): ContextArgument[] {
  return [...new Map(contextArguments.map((argument) => [contextKey(argument), argument])).values()];
}

/**
 * Finds where the values of `@fromContext` arguments are read: at the nearest object above whose type sets the
 * context. Where only some of the possible types there set it, the search continues above for the others.
 *
 * In:  position `me.page`, argument `locale` from `users__reader { locale }`, which `User` sets
 * Out: read `locale` at `me`
 */
export class ContextFinder {
  private readonly fieldIndex: FieldIndex;
  private readonly stages: ContextStages;
  private readonly setters: Map<string, ReadonlySet<string>>;

  constructor(fieldIndex: FieldIndex, stages: ContextStages) {
    this.fieldIndex = fieldIndex;
    this.stages = stages;
    this.setters = settersOf(fieldIndex.supergraph);
  }

  /**
   * Returns a route to all values that a field at a position takes from contexts; `undefined` where a context is set
   * nowhere above.
   */
  find(position: Position, field: SubgraphField): ContextRoute | undefined {
    let cost = 0;
    let level = 0;
    const routes: { argument: ContextArgument; places: ContextPlace[] }[] = [];
    for (const argument of distinctContexts(field)) {
      const places = this.placesOf(position, argument);
      if (!places || places.length === 0) return undefined;
      for (const { route } of places) {
        cost += route.cost;
        level = Math.max(level, route.level);
      }
      routes.push({ argument, places });
    }
    return { cost, level, take: () => this.take(routes) };
  }

  private placesOf(position: Position, argument: ContextArgument): ContextPlace[] | undefined {
    const set = parseFieldSet(argument.selection);
    const setters = this.setters.get(argument.context) ?? new Set();
    const places: ContextPlace[] = [];
    for (let { origin } = position; origin; origin = origin.parent.origin) {
      const { parent, owner } = origin;
      const possible = [...this.fieldIndex.possible(owner)].filter((type) => this.stages.canBe(parent, type));
      const types = setters.has(owner) ? [owner] : possible.filter((type) => setters.has(type));
      for (const type of types) {
        const route = this.stages.inputs(parent, type, set);
        if (!route) return undefined;
        places.push({ position: parent, type, everyType: type === owner, route });
      }
      if (setters.has(owner) || types.length === possible.length) break;
    }
    return places;
  }

  private take(routes: readonly { argument: ContextArgument; places: readonly ContextPlace[] }[]) {
    const dependsOn = new Set<Fetch>();
    const values = routes.map(({ argument, places }): ContextValue => {
      const sources = places.map(({ position, type, everyType, route }): ContextSource => {
        const { fields, dependsOn: needed } = route.take();
        for (const fetch of needed) dependsOn.add(fetch);
        const typename = everyType ? undefined : this.stages.typenameAt(position);
        if (typename) dependsOn.add(typename);
        return { position, type, possible: everyType ? undefined : this.fieldIndex.possible(type), fields };
      });
      return { key: contextKey(argument), type: argument.type, sources };
    });
    return { values, dependsOn };
  }
}

interface ContextPlace {
  readonly position: Position;
  readonly type: string;
  /** Whether all objects on the way are of the type. */
  readonly everyType: boolean;
  readonly route: InputRoute;
}

const settersCache = new WeakMap<SupergraphModel, Map<string, ReadonlySet<string>>>();

/**
 * Returns, by context, the types that set it: those with the directive, and the possible types of interfaces and
 * unions with it.
 */
export function settersOf(supergraph: SupergraphModel): Map<string, ReadonlySet<string>> {
  return getOrMake(settersCache, supergraph, () => {
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
