import { stringifyJson } from '../../shared/exact-json.ts';
import { type JsonSchema, nullable } from './json-schema.ts';

/** The fields of an object in a response. */
export interface Fields {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
}

/** Merges the fields of alternative objects. A field is required if all alternatives require it. */
export function mergeFields(alternatives: readonly Fields[]): Fields {
  const [first, ...rest] = alternatives;
  if (first === undefined) return { properties: {}, required: [] };
  return rest.reduce(mergePair, first);
}

function mergePair(a: Fields, b: Fields): Fields {
  // no prototype: a key may be named `constructor` or `__proto__`
  const properties: Record<string, JsonSchema> = Object.assign(Object.create(null), a.properties);
  for (const [key, schema] of Object.entries(b.properties)) {
    const existing = properties[key];
    properties[key] = existing === undefined ? schema : anyOfBoth(existing, schema);
  }
  return { properties, required: a.required.filter((key) => b.required.includes(key)) };
}

function anyOfBoth(a: JsonSchema, b: JsonSchema): JsonSchema {
  if (isEqual(a, b)) return a;
  if (isEqual(nullable(a), nullable(b))) return nullable(a);
  if (a.type === 'string' && b.type === 'string' && a.enum && b.enum)
    return { ...a, enum: [...new Set([...a.enum, ...b.enum])] };
  const all = [...(a.anyOf ?? [a]), ...(b.anyOf ?? [b])];
  const anyOf = all.filter((one, i) => all.findIndex((other) => isEqual(one, other)) === i);
  return { anyOf };
}

function isEqual(a: JsonSchema, b: JsonSchema): boolean {
  return stringifyJson(a) === stringifyJson(b);
}
