import { Kind } from 'graphql';
import { type EntityLookup, returnedSubfields } from '../../../../src/connectors/entity-lookups.ts';
import { emptyObject, isObject, type Json } from '../../../../src/connectors/mapping/json.ts';
import type { ConnectorModel } from '../../../../src/connectors/resolvable-fields.ts';
import { keyOf } from '../../../../src/sources/rest/entity-key.ts';
import type { RestContext } from '../../../../src/sources/rest/rest-context.ts';
import { notFound } from '../../../../src/sources/rest/rest-failure.ts';

/** Returns the names of the fields that the operation selects on a type. */
export type SelectedFields = (typeName: string) => readonly string[];

/**
 * Adds the selected fields that a value lacks, by entity lookups: `{ id }` becomes `{ id, name }`. Completes each item of a list
 * separately, so that one failure does not affect the others. Returns the value itself when no field is missing.
 * @param refersOnly whether the value is only a reference to an entity, whatever fields it has
 */
export function addMissingFields(
  model: ConnectorModel,
  context: RestContext,
  typeName: string,
  value: Json,
  wanted: SelectedFields,
  refersOnly = false,
): Json | Promise<Json> {
  if (Array.isArray(value)) {
    return value.map((item) => {
      const whole = addMissingFields(model, context, typeName, item, wanted);
      // graphql-js awaits it when it completes the list; until then a rejection must not count as unhandled
      if (whole instanceof Promise) whole.catch(() => undefined);
      return whole;
    });
  }
  if (!isObject(value) || (value as unknown) instanceof Error) return value;
  const concrete = concreteType(model, typeName, value);
  const lookups = model.lookups.get(concrete);
  if (lookups === undefined) return value;
  const missing = wanted(concrete).filter((name) => !Object.hasOwn(value, name));
  if (missing.length === 0) return value;
  const whole = complete(context, lookups, value, missing, refersOnly);
  return refersOnly ? whole : whole.then((found) => found ?? missingEntity(model, context, concrete, value, missing));
}

/**
 * Returns what stands for an object that no lookup has found: null, or an object with an error for each selected field
 * that must not be null. Null propagates from there to the object, with the path of the field, as it does where a
 * subgraph returns null for an entity.
 */
function missingEntity(
  model: ConnectorModel,
  context: RestContext,
  typeName: string,
  reference: Record<string, Json>,
  missing: readonly string[],
): Json {
  const fields = model.schema.types.get(typeName)?.fields;
  const required = missing.filter((name) => fields?.get(name)?.type.kind === Kind.NON_NULL_TYPE);
  if (required.length === 0) return null;
  const object = Object.assign(emptyObject(), reference);
  for (const name of required) {
    const error: unknown = notFound(context.runtime.subgraph, `${typeName}.${name}`);
    object[name] = error as Json;
  }
  return object;
}

interface EntityField {
  readonly source: Record<string, Json>;
  readonly field: string;
  readonly value: Record<string, Json>;
}

/** Adds missing fields to the object in an entity's field, by lookups of the entity. */
export async function addMissingSubfields(
  context: RestContext,
  lookups: readonly EntityLookup[],
  { source, field, value }: EntityField,
  wanted: readonly string[],
): Promise<Json> {
  let whole = value;
  for (const lookup of lookups) {
    const missing = wanted.filter((name) => !Object.hasOwn(whole, name));
    if (missing.length === 0) break;
    const provides = returnedSubfields(lookup.connector, field);
    const key = missing.some((name) => provides.has(name)) ? keyOf(lookup, source) : undefined;
    const found = key === undefined ? undefined : await context.lookUp(lookup, key);
    const inner = isObject(found) ? found[field] : undefined;
    if (isObject(inner)) whole = Object.assign(emptyObject(), inner, whole);
  }
  return whole;
}

function concreteType({ schema }: ConnectorModel, typeName: string, value: Record<string, Json>): string {
  if (schema.types.get(typeName)?.kind === 'object') return typeName;
  return typeof value.__typename === 'string' ? value.__typename : typeName;
}

/** Looks fields up in rounds: the fields of one round may be the key of the next. Returns null when no lookup finds the entity. */
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
    const loaded = await Promise.all(round.map(({ lookup, key }) => context.lookUp(lookup, key)));
    for (const { lookup } of round) left.delete(lookup);
    for (const fields of loaded) {
      if (!isObject(fields)) continue;
      found = true;
      for (const name of Object.keys(fields)) if (!Object.hasOwn(whole, name)) whole[name] = fields[name];
    }
  }
  return found || !(refersOnly || isReference(lookups, object)) ? whole : null;
}

/** Returns whether an object has nothing but key fields. An object with more fields exists, even if a lookup does not find it. */
function isReference(lookups: readonly EntityLookup[], object: Record<string, Json>): boolean {
  const keys = new Set(lookups.flatMap(({ key }) => key.map(([first]) => first)));
  return Object.keys(object).every((name) => name === '__typename' || keys.has(name));
}

/** Chooses few lookups greedily: of those that provide a missing field, the one with the highest score. Prefers batches. */
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
    const best = producers.sort((a, b) => score(b, open, have) - score(a, open, have))[0];
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

/** Rates a lookup: more fields at once are better, a key that is available already is better still. */
function score({ provides, key, by }: EntityLookup, open: ReadonlySet<string>, have: Record<string, Json>): number {
  const gives = [...open].filter((name) => provides.has(name)).length;
  const ready = key.every(([first]) => first !== undefined && Object.hasOwn(have, first));
  return (ready ? 1_000 : 0) + gives * 2 + (by === '$batch' ? 1 : 0);
}
