import type { EntityLookup } from '../../connectors/entity-lookups.ts';
import { emptyObject, isObject, type Json, property } from '../../connectors/mapping/json.ts';
import { isNumber, numberText } from '../../shared/exact-json.ts';

/** An object with just the key fields of a lookup. */
export type EntityKey = Readonly<Record<string, Json>>;

/** Returns the key of an object; `undefined` when a part of it is missing or null. */
export function keyOf({ key }: EntityLookup, object: Json): EntityKey | undefined {
  const found = emptyObject();
  for (const path of key) {
    const value = path.reduce(property, object);
    if (value === undefined || value === null) return undefined;
    put(found, path, value);
  }
  return found;
}

function put(object: Record<string, Json>, path: readonly string[], value: Json): void {
  let at = object;
  for (const name of path.slice(0, -1)) {
    const inner = isObject(at[name]) ? at[name] : emptyObject();
    at[name] = inner;
    at = inner;
  }
  at[path.at(-1) ?? ''] = value;
}

/** Returns a text that is equal for equal keys. An ID is the same whether an API writes it as a number or as a string. */
export function keyText(key: EntityKey): string {
  return JSON.stringify(comparable(key));
}

function comparable(value: Json): Json {
  if (isNumber(value)) return numberText(value);
  if (Array.isArray(value)) return value.map(comparable);
  if (!isObject(value)) return value;
  const object = emptyObject();
  for (const [name, inner] of Object.entries(value)) object[name] = comparable(inner);
  return object;
}
