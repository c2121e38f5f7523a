import type { Connector } from '../../connectors/connector.ts';
import type { EntityLookup } from '../../connectors/entity-lookups.ts';
import { isObject, type Json, typeName } from '../../connectors/mapping/json.ts';
import type { Variables } from '../../connectors/mapping/scope.ts';
import { type EntityKey, keyOf, keyText } from './entity-key.ts';
import { malformed, RestError } from './rest-failure.ts';

/** Runs the connectors of one subgraph. `run` rejects with `RestError`. */
interface ConnectorRunner {
  readonly runtime: { readonly subgraph: string };
  run(connector: Connector, variables: Variables): Promise<Json>;
}

type Loaded = (Json | Error)[];

/** One call for each entity. */
export function loadEach(context: ConnectorRunner, lookup: EntityLookup, keys: readonly EntityKey[]): Promise<Loaded> {
  return Promise.all(keys.map((key) => loadOne(context, lookup, key)));
}

/** An API that knows no such entity says 404: it is null then. */
async function loadOne(
  context: ConnectorRunner,
  { connector, by }: EntityLookup,
  key: EntityKey,
): Promise<Json | Error> {
  try {
    const found = await context.run(connector, { [by]: key });
    if (found === null || found === undefined || isObject(found)) return found ?? null;
    return malformed(
      context.runtime.subgraph,
      connector,
      `an object was asked for, and it is no object but: ${typeName(found)}`,
    );
  } catch (error) {
    return isNotFound(error) ? null : asError(error);
  }
}

/** One call for all; the objects of the answer find their entities by the key that they bear. */
export async function loadBatch(
  context: ConnectorRunner,
  lookup: EntityLookup,
  keys: readonly EntityKey[],
): Promise<Loaded> {
  let answer: Json;
  try {
    answer = await context.run(lookup.connector, { $batch: keys });
  } catch (error) {
    return keys.map(() => asError(error));
  }
  const cannot = (reason: string) => malformed(context.runtime.subgraph, lookup.connector, reason);
  if (answer === null && keys.length === 1) return [null];
  // of one key, some APIs give one object
  const objects = Array.isArray(answer) ? answer : keys.length === 1 && isObject(answer) ? [answer] : undefined;
  if (objects === undefined) {
    const error = cannot('a list was asked for, and it is none');
    return keys.map(() => error);
  }
  const found = new Map<string, Json>();
  for (const object of objects) {
    const key = keyOf(lookup, object);
    if (key !== undefined) found.set(keyText(key), object);
  }
  // a list of something else is not the same as an empty one; nor is what stands in it for an object the same as none
  const strange = objects.some((object) => object !== null && (found.size === 0 || !isObject(object)));
  const whose = found.size === 0 ? 'no item of its list has' : 'not every item of its list has';
  const other = strange ? cannot(`${whose} ${shown(lookup)}, by which entities are found`) : null;
  return keys.map((key) => found.get(keyText(key)) ?? other);
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
