import type { GraphQLInputType } from 'graphql';
import { getNullableType, isInputObjectType, isListType } from 'graphql';

/** A member of an input object as a query parameter: `filter[inStock]=true`. */
interface Member {
  /** `["inStock"]` */
  readonly path: readonly string[];
  readonly texts: readonly string[];
}

/** The object, or the first member that is unknown or repeated. */
export type DeepObject =
  | { readonly value: Readonly<Record<string, unknown>> }
  | { readonly unknown: string; readonly given: readonly string[] };

/** Parses a text as a value of a type. Invalid text is returned unchanged and reported later. */
type ReadText = (text: string, type: GraphQLInputType) => unknown;

/** Returns the `name` in `name[member]`; `undefined` for a key without a member. */
export function deepObjectName(key: string): string | undefined {
  const start = key.indexOf('[');
  return start > 0 && key.endsWith(']') ? key.slice(0, start) : undefined;
}

/**
 * Reads an input object whose members are separate parameters: OpenAPI's style `deepObject`. Nested members and lists use
 * the common notation `filter[price][max]=5&filter[tags]=a&filter[tags][]=b`.
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
  // no prototype: a member may be named `__proto__`
  const value: Record<string, unknown> = Object.create(null);
  for (const member of members) {
    if (!setMember(value, member.path, type, member.texts, readText))
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

/** Sets a member; returns false where the type has no such member, or it is already set. */
function setMember(
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
    const existing = target[key] ?? [];
    if (!Array.isArray(existing)) return false;
    target[key] = [...existing, ...items];
    return true;
  }
  if (rest.length === 0) {
    if (key in target || texts.length !== 1) return false;
    target[key] = readText(texts[0] as string, inner);
    return true;
  }
  target[key] ??= Object.create(null);
  const child = target[key];
  if (typeof child !== 'object' || child === null || Array.isArray(child)) return false;
  return setMember(child as Record<string, unknown>, rest, inner, texts, readText);
}
