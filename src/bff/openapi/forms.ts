import { stringifyJson } from '../../shared/exact-json.ts';
import { type JsonSchema, nullable } from './json-schema.ts';

/** The fields of an object in an answer. */
export interface Fields {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
}

/** Returns the fields of an object that has one of several forms: required is what all forms require. */
export function mergeForms(forms: readonly Fields[]): Fields {
  const [first, ...rest] = forms;
  if (first === undefined) return { properties: {}, required: [] };
  return rest.reduce(mergeTwo, first);
}

function mergeTwo(a: Fields, b: Fields): Fields {
  // Without a prototype, as there may be a key `constructor` or `__proto__`.
  const properties: Record<string, JsonSchema> = Object.assign(Object.create(null), a.properties);
  for (const [key, schema] of Object.entries(b.properties)) {
    const there = properties[key];
    properties[key] = there === undefined ? schema : either(there, schema);
  }
  return { properties, required: a.required.filter((key) => b.required.includes(key)) };
}

function either(a: JsonSchema, b: JsonSchema): JsonSchema {
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
