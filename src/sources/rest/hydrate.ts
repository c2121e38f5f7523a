import { type EntityLookup, providedWithin } from '../../connectors/entity-lookups.ts';
import { emptyObject, isObject, type Json } from '../../connectors/mapping/json.ts';
import type { ConnectorModel } from '../../connectors/resolvable-fields.ts';
import { keyOf } from './entity-key.ts';
import type { RestContext } from './rest-context.ts';

/** Names of the fields that are asked for of an object of a type. */
export type Wanted = (typeName: string) => readonly string[];

/**
 * Adds to a value what is asked for and what it lacks, by entity lookups: `{ id }` becomes `{ id, name }`. In a list, each
 * item by itself, so that one that fails leaves the others. Gives the value itself where nothing is to be added.
 * @param refersOnly whether the value, whatever fields it has, only says which entity is meant
 */
export function hydrate(
  model: ConnectorModel,
  context: RestContext,
  typeName: string,
  value: Json,
  wanted: Wanted,
  refersOnly = false,
): Json | Promise<Json> {
  if (Array.isArray(value)) {
    return value.map((item) => {
      const whole = hydrate(model, context, typeName, item, wanted);
      // it is awaited by whoever completes the list; until then a failure is not yet one that nobody handles
      if (whole instanceof Promise) whole.catch(() => undefined);
      return whole;
    });
  }
  if (!isObject(value)) return value;
  const concrete = concreteType(model, typeName, value);
  const lookups = model.lookups.get(concrete);
  if (lookups === undefined) return value;
  const missing = wanted(concrete).filter((name) => !Object.hasOwn(value, name));
  return missing.length === 0 ? value : complete(context, lookups, value, missing, refersOnly);
}

interface Held {
  readonly source: Record<string, Json>;
  readonly field: string;
  readonly value: Record<string, Json>;
}

/** Adds to the object in an entity's field what it lacks, by lookups of the entity. */
export async function completeWithin(
  context: RestContext,
  lookups: readonly EntityLookup[],
  { source, field, value }: Held,
  wanted: readonly string[],
): Promise<Json> {
  let whole = value;
  for (const lookup of lookups) {
    const missing = wanted.filter((name) => !Object.hasOwn(whole, name));
    if (missing.length === 0) break;
    const provides = providedWithin(lookup.connector, field);
    const key = missing.some((name) => provides.has(name)) ? keyOf(lookup, source) : undefined;
    const found = key === undefined ? undefined : await context.look(lookup, key);
    const inner = isObject(found) ? found[field] : undefined;
    if (isObject(inner)) whole = Object.assign(emptyObject(), inner, whole);
  }
  return whole;
}

function concreteType({ schema }: ConnectorModel, typeName: string, value: Record<string, Json>): string {
  if (schema.types.get(typeName)?.kind === 'object') return typeName;
  return typeof value.__typename === 'string' ? value.__typename : typeName;
}

/** Looks up in rounds: what one round brings may be the key of the next. Null when nothing of it is there. */
async function complete(
  context: RestContext,
  lookups: readonly EntityLookup[],
  object: Record<string, Json>,
  missing: readonly string[],
  refersOnly: boolean,
): Promise<Json> {
  const whole = Object.assign(emptyObject(), object);
  const left = new Set(choose(lookups, whole, missing));
  let found = left.size === 0;
  while (left.size > 0) {
    const round = [...left].flatMap((lookup) => {
      const key = keyOf(lookup, whole);
      return key === undefined ? [] : [{ lookup, key }];
    });
    if (round.length === 0) break;
    const loaded = await Promise.all(round.map(({ lookup, key }) => context.look(lookup, key)));
    for (const { lookup } of round) left.delete(lookup);
    for (const fields of loaded) {
      if (!isObject(fields)) continue;
      found = true;
      for (const name of Object.keys(fields)) if (!Object.hasOwn(whole, name)) whole[name] = fields[name];
    }
  }
  return found || !(refersOnly || isReference(lookups, object)) ? whole : null;
}

/** Whether an object says no more than which entity it is; one with more fields is there, whatever a lookup says. */
function isReference(lookups: readonly EntityLookup[], object: Record<string, Json>): boolean {
  const keys = new Set(lookups.flatMap(({ key }) => key.map(([first]) => first)));
  return Object.keys(object).every((name) => name === '__typename' || keys.has(name));
}

/** The fewest lookups that come to mind: of those that give a missing field, first who gives most, and batches before others. */
function choose(
  lookups: readonly EntityLookup[],
  have: Record<string, Json>,
  missing: readonly string[],
): EntityLookup[] {
  const chosen: EntityLookup[] = [];
  const open = new Set(missing);
  const stuck = new Set<string>();
  for (;;) {
    const next = [...open].find((name) => !stuck.has(name));
    if (next === undefined) return chosen;
    const producers = lookups.filter((lookup) => lookup.provides.has(next) && !chosen.includes(lookup));
    const best = producers.sort((a, b) => merit(b, open, have) - merit(a, open, have))[0];
    if (best === undefined) {
      stuck.add(next);
      continue;
    }
    chosen.push(best);
    for (const name of best.provides) open.delete(name);
    for (const [first] of best.key)
      if (first !== undefined && !Object.hasOwn(have, first)) addNeed(first, chosen, open);
  }
}

function addNeed(name: string, chosen: readonly EntityLookup[], open: Set<string>): void {
  if (!chosen.some(({ provides, key }) => provides.has(name) && !key.some(([first]) => first === name))) open.add(name);
}

/** More fields at once are better, a key that is there already is better still. */
function merit({ provides, key, by }: EntityLookup, open: ReadonlySet<string>, have: Record<string, Json>): number {
  const gives = [...open].filter((name) => provides.has(name)).length;
  const ready = key.every(([first]) => first !== undefined && Object.hasOwn(have, first));
  return (ready ? 1_000 : 0) + gives * 2 + (by === '$batch' ? 1 : 0);
}
