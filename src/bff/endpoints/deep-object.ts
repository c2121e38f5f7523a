import type { GraphQLInputType } from 'graphql';
import { getNullableType, isInputObjectType, isListType } from 'graphql';

/** A member of an input object that a query string gives on its own: `filter[inStock]=true`. */
interface Member {
  /** `["inStock"]` */
  readonly path: readonly string[];
  readonly texts: readonly string[];
}

/** The object that members make, or the first member that has no place in it. */
export type DeepObject =
  | { readonly value: Readonly<Record<string, unknown>> }
  | { readonly unknown: string; readonly given: readonly string[] };

/** Reads a text as a value of a type; what is no such value stays a text, which is found out later. */
type ReadText = (text: string, type: GraphQLInputType) => unknown;

/** Returns what `name` is in `name[member]`; `undefined` for a name without members. */
export function deepObjectName(key: string): string | undefined {
  const start = key.indexOf('[');
  return start > 0 && key.endsWith(']') ? key.slice(0, start) : undefined;
}

/**
 * Reads an input object whose members are parameters of their own, as OpenAPI's style `deepObject` writes it; members of
 * members and lists as other writers do: `filter[price][max]=5&filter[tags]=a&filter[tags][]=b`.
 * @returns `undefined` where the query has no member of `name`
 */
export function readDeepObject(
  name: string,
  type: GraphQLInputType,
  query: URLSearchParams,
  readText: ReadText,
): DeepObject | undefined {
  const members = membersOf(name, query);
  if (members.length === 0) return undefined;
  // Without a prototype: a member may be called `__proto__`.
  const value: Record<string, unknown> = Object.create(null);
  for (const member of members) {
    if (!put(value, member.path, type, member.texts, readText))
      return { unknown: `${name}[${member.path.join('][')}]`, given: member.texts };
  }
  return { value };
}

function membersOf(name: string, query: URLSearchParams): Member[] {
  const members: Member[] = [];
  for (const key of new Set(query.keys())) {
    if (deepObjectName(key) !== name) continue;
    const path = key.slice(name.length + 1, -1).split('][');
    members.push({ path, texts: query.getAll(key) });
  }
  return members;
}

/** Puts a value at its place; false where the type has no such place, or something is there already. */
function put(
  target: Record<string, unknown>,
  [key = '', ...rest]: readonly string[],
  type: GraphQLInputType,
  texts: readonly string[],
  readText: ReadText,
): boolean {
  const object = getNullableType(type);
  const field = isInputObjectType(object) ? object.getFields()[key] : undefined;
  if (field === undefined) return false;
  const inner = getNullableType(field.type);
  if (isListType(inner)) {
    if (rest.length > 1 || !/^\d*$/.test(rest[0] ?? '')) return false;
    const items = texts.map((text) => readText(text, inner.ofType));
    const there = target[key] ?? [];
    if (!Array.isArray(there)) return false;
    target[key] = [...there, ...items];
    return true;
  }
  if (rest.length === 0) {
    if (key in target || texts.length !== 1) return false;
    target[key] = readText(texts[0] as string, inner);
    return true;
  }
  target[key] ??= Object.create(null);
  const below = target[key];
  if (typeof below !== 'object' || below === null || Array.isArray(below)) return false;
  return put(below as Record<string, unknown>, rest, inner, texts, readText);
}
