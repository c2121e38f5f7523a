import { isObjectType, Kind, type ValueNode } from 'graphql';
import type { CacheHints } from '../operation/cache-hints.ts';
import type { PlannedLookup, PlannedRequest } from '../planner/plan.ts';
import type { Alias, FetchField, FetchNode } from '../planner/positions.ts';
import { parseJson } from '../shared/exact-json.ts';
import type { FetchParts } from '../sources/source.ts';
import type { Subgraph, Supergraph } from '../supergraph/supergraph.ts';
import { type FetchHint, hintOf, hintOfField } from './fetch-hint.ts';
import type { IsRefused } from './refused-fields.ts';
import { fillTag, type TagFormat } from './tags.ts';
import { formatsBy, ValueTags } from './value-tags.ts';

type Values = Readonly<Record<string, unknown>>;

/** What is known of a part of a planned request, whatever client it is for. */
export interface PartFacts {
  readonly node: FetchNode;
  /** The type of the entity, or of the root. */
  readonly type: string;
  readonly hint: FetchHint;
  /** Whether responses have been private so far, as the source said. */
  wasPrivate: boolean;
  /** The last prefix of keys, and what it was computed from. */
  prefix?: { readonly from: string; readonly text: string } | undefined;
}

/** Computes the facts of the fetches of one subgraph, each once for a plan. */
export class FetchFacts {
  readonly tags: ValueTags;
  readonly #supergraph: Supergraph;
  readonly #hints: CacheHints;
  readonly #known = new WeakMap<PlannedRequest | PlannedLookup | FetchField, PartFacts>();
  readonly #invalidates: ReadonlyMap<string, readonly TagFormat[]>;

  constructor(supergraph: Supergraph, subgraph: Subgraph, hints: CacheHints) {
    this.#supergraph = supergraph;
    this.#hints = hints;
    this.tags = new ValueTags(subgraph, supergraph);
    this.#invalidates = formatsBy(
      supergraph.invalidates.flatMap(({ coordinate, tags }) => tags.map((tag) => [coordinate, tag] as const)),
    );
  }

  /** Returns the facts of a look-up. */
  ofLookup(lookup: PlannedLookup): PartFacts {
    return this.#known.get(lookup) ?? this.#add(lookup, lookup.node, this.#hintOf(lookup.node, false));
  }

  /** Returns the facts of root fields that cannot be separated. */
  ofRoot(planned: PlannedRequest, node: FetchNode): PartFacts {
    return this.#known.get(planned) ?? this.#add(planned, node, this.#hintOf(node, true));
  }

  /** Returns the facts of one root field. */
  ofRootField(node: FetchNode, key: string): PartFacts {
    const field = node.fields.get(key);
    if (field === undefined) throw new Error(`no root field has the key ${key}`);
    const known = this.#known.get(field);
    if (known) return known;
    return this.#add(field, node, hintOfField(node, field, this.#hints, this.#supergraph.types));
  }

  /** Returns the tags that a mutation invalidates, as `@invalidates` says for each of its fields that has run. */
  invalidatedBy(parts: FetchParts, isRefused: IsRefused): string[] {
    const { root } = parts.planned;
    if (root === undefined || this.#invalidates.size === 0) return [];
    const tags: string[] = [];
    for (const [key, { alias }] of root.node.fields) {
      if (isRefused(key)) continue;
      for (const format of this.#invalidates.get(`${root.node.type.name}.${alias.name}`) ?? []) {
        const tag = fillTag(format, { $args: this.argumentsOf(root.node, alias, parts) });
        if (tag !== undefined) tags.push(tag);
      }
    }
    return tags;
  }

  /** Returns the arguments of a root field, also those that have their default. */
  argumentsOf(node: FetchNode, { name, args }: Pick<Alias, 'name' | 'args'>, parts: FetchParts): Values {
    const values: Record<string, unknown> = Object.create(null);
    const type = this.#supergraph.publicSchema.getType(node.type.name);
    const field = isObjectType(type) ? type.getFields()[name] : undefined;
    for (const { name: argument, defaultValue } of field?.args ?? [])
      if (defaultValue !== undefined) values[argument] = defaultValue;
    for (const { name: argument, value } of args) {
      const given = literalValue(value, parts);
      if (given !== undefined) values[argument.value] = given;
    }
    return values;
  }

  #hintOf(node: FetchNode, isRoot: boolean): FetchHint {
    return hintOf(node, isRoot, this.#hints, this.#supergraph.types);
  }

  #add(planned: PlannedRequest | PlannedLookup | FetchField, node: FetchNode, hint: FetchHint): PartFacts {
    const facts = { node, type: node.type.name, hint, wasPrivate: false };
    this.#known.set(planned, facts);
    return facts;
  }
}

/** Returns the value of a literal. Numbers keep their digits, as they do in variables. */
function literalValue(node: ValueNode, parts: FetchParts): unknown {
  switch (node.kind) {
    case Kind.VARIABLE:
      return parts.variable(node.name.value);
    case Kind.NULL:
      return null;
    case Kind.INT:
      return node.value;
    case Kind.FLOAT:
      return parseJson(node.value);
    case Kind.LIST:
      return node.values.map((item) => literalValue(item, parts));
    case Kind.OBJECT: {
      const value: Record<string, unknown> = Object.create(null);
      for (const field of node.fields) value[field.name.value] = literalValue(field.value, parts);
      return value;
    }
    default:
      return node.value;
  }
}
