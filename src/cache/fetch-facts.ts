import { type ArgumentNode, valueFromASTUntyped } from 'graphql';
import type { CacheHints } from '../operation/cache-hints.ts';
import type { PlannedLookup, PlannedRequest } from '../planner/plan.ts';
import type { FetchNode } from '../planner/positions.ts';
import type { FetchParts } from '../sources/source.ts';
import type { Subgraph, Supergraph } from '../supergraph/supergraph.ts';
import { type FetchHint, hintOf } from './fetch-hint.ts';
import { fillTag, type TagFormat } from './tags.ts';
import { formatsBy, ValueTags } from './value-tags.ts';

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
  readonly #known = new WeakMap<PlannedRequest | PlannedLookup, PartFacts>();
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
    return this.#known.get(lookup) ?? this.#add(lookup, lookup.node, false);
  }

  /** Returns the facts of root fields. */
  ofRoot(planned: PlannedRequest, node: FetchNode): PartFacts {
    return this.#known.get(planned) ?? this.#add(planned, node, true);
  }

  /** Returns the tags that a mutation invalidates, as `@invalidates` says. */
  invalidatedBy(parts: FetchParts): string[] {
    const { root } = parts.planned;
    if (root === undefined || this.#invalidates.size === 0) return [];
    const tags: string[] = [];
    for (const { alias } of root.node.fields.values()) {
      for (const format of this.#invalidates.get(`${root.node.type.name}.${alias.name}`) ?? []) {
        const tag = fillTag(format, { $args: argumentsOf(alias.args, parts) });
        if (tag !== undefined) tags.push(tag);
      }
    }
    return tags;
  }

  #add(planned: PlannedRequest | PlannedLookup, node: FetchNode, isRoot: boolean): PartFacts {
    const hint = hintOf(node, isRoot, this.#hints, this.#supergraph.types);
    const facts = { node, type: node.type.name, hint, wasPrivate: false };
    this.#known.set(planned, facts);
    return facts;
  }
}

/** Returns the values of arguments. */
export function argumentsOf(args: readonly ArgumentNode[], parts: FetchParts): Record<string, unknown> {
  const values: Record<string, unknown> = Object.create(null);
  const variables = new Proxy({}, { get: (_, name) => parts.variable(String(name)), has: () => true });
  for (const { name, value } of args) values[name.value] = valueFromASTUntyped(value, variables);
  return values;
}
