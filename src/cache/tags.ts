import { hash } from 'node:crypto';
import { ExactNumber } from '../shared/exact-json.ts';
import { type FormatPart, readTagFormat } from '../supergraph/cache-tags.ts';

/**
 * What cached values are invalidated by. Each value has the tags of its subgraph, its types, its entities, and those that the schema
 * gives it. Whole responses have the tags of all values in them, whose subgraphs are then the same as those of the values.
 */
export const subgraphTag = (subgraph: string) => `subgraph ${subgraph}`;
export const typeTag = (subgraph: string, type: string) => `type ${subgraph} ${type}`;
/** @param key as {@link keyText} returns it */
export const entityTag = (subgraph: string, type: string, key: string) => bounded(`entity ${subgraph} ${type} ${key}`);
/** @param tag as `@cacheTag` or a source gives it */
export const namedTag = (subgraph: string, tag: string) => bounded(`tag ${subgraph} ${tag}`);

/** Longer tags are hashed: arguments of clients are parts of tags, and stores remember them. */
const LONGEST_TAG = 400;

function bounded(tag: string): string {
  return tag.length <= LONGEST_TAG ? tag : `long ${hash('sha256', tag, 'base64url')}`;
}

/** The subgraph of tags that endpoints give their whole responses. */
export const NO_SUBGRAPH = '';

/** The most tags of the entities of one value. A value with more expires, or is invalidated by the types of its objects. */
export const MOST_TAGS = 1_000;

/**
 * Returns the text of an entity's key: the field and the value for a key of one scalar field, `id:p7`; else JSON with sorted members and
 * texts for values, `{"id":"7","sku":"a"}`. `7` and `"7"` are the same key.
 * @returns `undefined` where a value is missing
 */
export function keyText(key: Readonly<Record<string, unknown>>): string | undefined {
  const names = Object.keys(key);
  const [only] = names;
  if (names.length === 1 && only !== undefined && isScalar(key[only])) return keyOfField(only, String(key[only]));
  const sorted = sortedKey(key);
  return sorted === undefined ? undefined : JSON.stringify(sorted);
}

/** Returns the text of a key of one scalar field. */
export function keyOfField(field: string, value: string): string {
  return `${field}:${value}`;
}

/** Returns the value of a key of one field, and other keys as they are. */
function valueOfKey(key: string): string {
  return key.startsWith('{') ? key : key.slice(key.indexOf(':') + 1);
}

function sortedKey(value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.map((item) => sortedKey(item) ?? null);
  if (isScalar(value)) return String(value);
  const sorted: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(value as object).sort()) {
    const inner = sortedKey((value as Readonly<Record<string, unknown>>)[name]);
    if (inner === undefined) return undefined;
    sorted[name] = inner;
  }
  return sorted;
}

function isScalar(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  return typeof value !== 'object' || value instanceof ExactNumber;
}

/** A format of tags, ready to be filled. */
export type TagFormat = readonly FormatPart[];

/** Returns the format; `undefined` where it is not valid. Composition reports such formats. */
export function tagFormat(text: string): TagFormat | undefined {
  const parts = readTagFormat(text);
  return 'invalid' in parts ? undefined : parts;
}

/** The values that a format may use. */
export interface TagValues {
  readonly $key?: unknown;
  readonly $args?: unknown;
}

/** Returns a tag: `product-{$key.id}` → `product-7`. `undefined` where a value is missing, or is no scalar. */
export function fillTag(format: TagFormat, values: TagValues): string | undefined {
  let tag = '';
  for (const part of format) {
    if (typeof part === 'string') {
      tag += part;
      continue;
    }
    let value: unknown = values[part.root];
    for (const name of part.path)
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, name)
          ? (value as Readonly<Record<string, unknown>>)[name]
          : undefined;
    if (!isScalar(value)) return undefined;
    tag += String(value);
  }
  return tag;
}

/** The longest list of tags for a CDN, in characters. Servers and CDNs limit the length of headers. */
const LONGEST_LIST = 8_000;
const NOT_IN_HEADER = /[^\x21-\x2b\x2d-\x7e]/;

/** The header that tells a CDN the tags of a response. */
export type TagHeader = 'surrogate-key' | 'cache-tag';

/**
 * Returns the header with the tags of a response as a CDN may purge it by: those of the schema, `product-7`, and entities, `Product:7`. Leaves out what a
 * header cannot have, and what is too much.
 */
export function tagHeaderOf(tags: Iterable<string>, header: TagHeader | undefined): Record<string, string> {
  if (header === undefined) return {};
  const names = namesForCdn(tags, header === 'cache-tag' ? ',' : ' ');
  return names === '' ? {} : { [header]: names };
}

function namesForCdn(tags: Iterable<string>, separator: ' ' | ','): string {
  const names = new Set<string>();
  for (const tag of tags) {
    const [kind = '', , ...rest] = tag.split(' ');
    if (kind === 'tag') names.add(rest.join(' '));
    else if (kind === 'entity') names.add(`${rest[0]}:${valueOfKey(rest.slice(1).join(' '))}`);
  }
  let list = '';
  for (const name of names) {
    if (NOT_IN_HEADER.test(name)) continue;
    if (list.length + name.length >= LONGEST_LIST) break;
    list += list === '' ? name : separator + name;
  }
  return list;
}
