import { Kind, type SelectionSetNode } from 'graphql';
import type { FetchNode } from '../planner/positions.ts';
import type { CacheTags } from '../supergraph/cache-tags.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';
import {
  entityTag,
  fillTag,
  keyText,
  MOST_TAGS,
  namedTag,
  subgraphTag,
  type TagFormat,
  tagFormat,
  typeTag,
} from './tags.ts';

type Value = Readonly<Record<string, unknown>>;

/** Finds the tags of the values of one subgraph. */
export class ValueTags {
  readonly #subgraph: Subgraph;
  readonly #formats: ReadonlyMap<string, readonly TagFormat[]>;

  constructor(subgraph: Subgraph, { cacheTags }: CacheTags) {
    this.#subgraph = subgraph;
    this.#formats = formatsBy(cacheTags.map(({ coordinate, format }) => [coordinate, format]));
  }

  /**
   * Returns the tags of the data of root fields.
   * @param argsOf returns the arguments of a root field, by its response key
   */
  ofRoot(node: FetchNode, data: unknown, argsOf: (key: string) => unknown): string[] {
    const tags = this.#start();
    for (const [key, { alias }] of node.fields)
      for (const format of this.#formats.get(`${node.type.name}.${alias.name}`) ?? [])
        this.#addNamed(tags, fillTag(format, { $args: argsOf(key) }));
    tags.add(typeTag(this.#subgraph.name, node.type.name));
    if (isObject(data)) this.#addBelow(node, data, tags);
    return [...tags];
  }

  /**
   * Returns the tags of the value of one root field.
   * @param args the arguments of the field
   */
  ofRootField(node: FetchNode, key: string, value: unknown, args: unknown): string[] {
    const tags = this.#start();
    const field = node.fields.get(key);
    for (const format of this.#formats.get(`${node.type.name}.${field?.alias.name}`) ?? [])
      this.#addNamed(tags, fillTag(format, { $args: args }));
    tags.add(typeTag(this.#subgraph.name, node.type.name));
    if (field?.node) this.#addObjects(field.node, value, tags);
    return [...tags];
  }

  /** Returns the tags of an entity. */
  ofEntity(node: FetchNode, representation: unknown, entity: unknown): string[] {
    const tags = this.#start();
    if (isObject(representation)) {
      const { __typename: type } = representation;
      this.#addEntity(typeof type === 'string' ? type : node.type.name, (name) => representation[name], tags);
      // the type of an interface object is another one in the rest of the graph
      if (node.type.name !== type) tags.add(typeTag(this.#subgraph.name, node.type.name));
    }
    if (isObject(entity)) this.#addBelow(node, entity, tags);
    return [...tags];
  }

  /** Returns the tags of the subgraph, and of all types that a selection may have objects of. */
  ofTypes(node: FetchNode | undefined): Set<string> {
    const tags = this.#start();
    if (node) this.#addTypes(node, tags);
    return tags;
  }

  #start(): Set<string> {
    return new Set([subgraphTag(this.#subgraph.name)]);
  }

  #addTypes(node: FetchNode, tags: Set<string>): void {
    const { name: subgraph, types } = this.#subgraph;
    const possible = types.get(node.type.name)?.possible ?? [];
    for (const type of [node.type.name, ...possible]) tags.add(typeTag(subgraph, type));
    for (const { node: below } of node.fields.values()) if (below) this.#addTypes(below, tags);
    for (const typeCondition of node.typeConditions.values()) this.#addTypes(typeCondition, tags);
  }

  #addBelow(node: FetchNode, value: Value, tags: Set<string>): void {
    for (const [key, { node: below }] of node.fields) if (below) this.#addObjects(below, value[key], tags);
    for (const typeCondition of node.typeConditions.values()) this.#addBelow(typeCondition, value, tags);
  }

  #addObjects(node: FetchNode, value: unknown, tags: Set<string>): void {
    if (Array.isArray(value)) for (const item of value) this.#addObjects(node, item, tags);
    if (!isObject(value)) return;
    const { __typename: own } = value;
    const keys = responseKeys(node);
    this.#addEntity(typeof own === 'string' ? own : node.type.name, (name) => value[keys.get(name) ?? name], tags);
    this.#addBelow(node, value, tags);
  }

  /** @param read returns the value of a field */
  #addEntity(type: string, read: (name: string) => unknown, tags: Set<string>): void {
    const { name: subgraph, types } = this.#subgraph;
    tags.add(typeTag(subgraph, type));
    if (tags.size >= MOST_TAGS) return;
    for (const { fields } of types.get(type)?.keys ?? []) {
      const key = pickKey(fields, read);
      const text = key && keyText(key);
      if (text === undefined) continue;
      tags.add(entityTag(subgraph, type, text));
      for (const format of this.#formats.get(type) ?? []) this.#addNamed(tags, fillTag(format, { $key: key }));
    }
  }

  #addNamed(tags: Set<string>, tag: string | undefined): void {
    if (tag !== undefined) tags.add(namedTag(this.#subgraph.name, tag));
  }
}

/** Returns formats by coordinate. */
export function formatsBy(uses: readonly (readonly [string, string])[]): Map<string, TagFormat[]> {
  const formats = new Map<string, TagFormat[]>();
  for (const [coordinate, text] of uses) {
    const format = tagFormat(text);
    if (format !== undefined) formats.set(coordinate, [...(formats.get(coordinate) ?? []), format]);
  }
  return formats;
}

/** Returns the response keys of fields without arguments, by name. */
function responseKeys(node: FetchNode, keys = new Map<string, string>()): Map<string, string> {
  for (const [key, { alias }] of node.fields) if (alias.argsKey === '') keys.set(alias.name, key);
  for (const typeCondition of node.typeConditions.values()) responseKeys(typeCondition, keys);
  return keys;
}

/** Returns the values of a key; `undefined` where one is missing. */
function pickKey({ selections }: SelectionSetNode, read: (name: string) => unknown): Value | undefined {
  const key: Record<string, unknown> = Object.create(null);
  for (const selection of selections) {
    if (selection.kind !== Kind.FIELD || selection.name.value === '__typename') continue;
    const { value: name } = selection.name;
    const value = read(name);
    if (value === undefined || value === null) return undefined;
    if (!selection.selectionSet) key[name] = value;
    else {
      const nested = isObject(value) ? pickKey(selection.selectionSet, (inner) => value[inner]) : undefined;
      if (nested === undefined) return undefined;
      key[name] = nested;
    }
  }
  return key;
}

function isObject(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
