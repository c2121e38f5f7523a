import type { Connector } from '../../connectors/connector.ts';
import type { EntityLookup } from '../../connectors/entity-lookups.ts';
import { mapItemsLazily } from '../../connectors/mapping/evaluate.ts';
import { isObject, type Json, typeName } from '../../connectors/mapping/json.ts';
import { MappedList } from '../../connectors/mapping/mapped-list.ts';
import type { Variables } from '../../connectors/mapping/scope.ts';
import type { TimeSlices } from '../../shared/time-slices.ts';
import { type EntityKey, keyOf, keyText } from './entity-key.ts';
import { malformed, RestError } from './rest-failure.ts';

/** Runs the connectors of one subgraph. `run` rejects with `RestError`. */
interface ConnectorRunner {
  readonly runtime: { readonly subgraph: string };
  run(connector: Connector, variables: Variables, map?: typeof mapItemsLazily): Promise<Json>;
  /** The slices in which long responses are processed; `undefined` while there is none. */
  readonly slices?: TimeSlices | undefined;
}

/** Items of a batch between two checks whether the slice is over. A power of two. */
const ITEMS_PER_CHECK = 16;

type Loaded = (Json | Error)[];

/** Loads each entity with its own call. */
export function loadEach(context: ConnectorRunner, lookup: EntityLookup, keys: readonly EntityKey[]): Promise<Loaded> {
  return Promise.all(keys.map((key) => loadOne(context, lookup, key)));
}

/** Loads one entity. Resolves with null when the API responds with 404. */
async function loadOne(
  context: ConnectorRunner,
  { connector, by }: EntityLookup,
  key: EntityKey,
): Promise<Json | Error> {
  try {
    const found = await context.run(connector, { [by]: key });
    if (found === null || found === undefined || isObject(found)) return found ?? null;
    return malformed(context.runtime.subgraph, connector, `expected an object, got: ${typeName(found)}`);
  } catch (error) {
    return isNotFound(error) ? null : asError(error);
  }
}

/** Loads all entities with one call, and matches the returned objects to the entities by their keys. */
export async function loadBatch(
  context: ConnectorRunner,
  lookup: EntityLookup,
  keys: readonly EntityKey[],
): Promise<Loaded> {
  let mapped: Json;
  try {
    mapped = await context.run(lookup.connector, { $batch: keys }, mapItemsLazily);
    if (mapped instanceof MappedList) mapped = await itemsOf(mapped, context);
  } catch (error) {
    return keys.map(() => asError(error));
  }
  const cannot = (reason: string) => malformed(context.runtime.subgraph, lookup.connector, reason);
  if (mapped === null && keys.length === 1) return [null];
  // for a single key, some APIs return one object instead of a list
  const objects = Array.isArray(mapped) ? mapped : keys.length === 1 && isObject(mapped) ? [mapped] : undefined;
  if (objects === undefined) {
    const error = cannot('expected a list');
    return keys.map(() => error);
  }
  const found = new Map<string, Json>();
  for (const object of objects) {
    const key = keyOf(lookup, object);
    if (key !== undefined) found.set(keyText(key), object);
  }
  // an item that is not an entity must not turn into null: it is an error, unlike an empty list
  const strange = objects.some((object) => object !== null && (found.size === 0 || !isObject(object)));
  const whose = found.size === 0 ? 'no item of its list has' : 'not every item of its list has';
  const other = strange ? cannot(`${whose} the key ${shown(lookup)}`) : null;
  return keys.map((key) => found.get(keyText(key)) ?? other);
}

/** Maps the items of a long list, in slices. */
async function itemsOf(list: MappedList, context: ConnectorRunner): Promise<Json[]> {
  const items: Json[] = [];
  for (let at = 0; at < list.length; at++) {
    items.push(list.at(at));
    const { slices } = context;
    if (at % ITEMS_PER_CHECK === 0 && slices?.isOver()) await slices.next();
  }
  return items;
}

function shown({ key }: EntityLookup): string {
  return key.map((path) => `"${path.join('.')}"`).join(', ');
}

export function isNotFound(error: unknown): boolean {
  return error instanceof RestError && error.notFound;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
