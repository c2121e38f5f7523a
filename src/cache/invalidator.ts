import { Kind, type SelectionSetNode } from 'graphql';
import type { Messages } from '../store/messages.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';
import type { CacheStore } from './cache-store.ts';
import { jsonOf } from './compose-response.ts';
import { entityTag, keyOfField, keyText, NO_SUBGRAPH, namedTag, subgraphTag, typeTag } from './tags.ts';

/** One thing to invalidate. Its members are those of Apollo Router's invalidation API. */
export type InvalidationRequest =
  | { readonly kind: 'subgraph'; readonly subgraph: string }
  | { readonly kind: 'type'; readonly subgraph: string; readonly type: string }
  | {
      readonly kind: 'entity';
      /** In all subgraphs where it is missing. */
      readonly subgraph?: string | undefined;
      readonly type: string;
      readonly key: Readonly<Record<string, unknown>> | string;
    }
  | { readonly kind: 'cache_tag'; readonly subgraphs?: readonly string[] | undefined; readonly cache_tag: string };

export interface InvalidatorOptions {
  /** All of which have values that depend on subgraphs. */
  readonly stores: readonly CacheStore[];
  /** Removes entries from this process alone: those that another process has invalidated. */
  readonly invalidateHere: (tags: readonly string[]) => unknown;
  readonly messages: Messages;
  /** Called with the number of entries that were removed. */
  readonly onInvalidated?: ((count: number) => void) | undefined;
  /** Called when Redis did not respond, so that entries may be left. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const TOPIC = 'invalidate';

/** Invalidates cached values, in all processes. */
export class Invalidator {
  readonly #options: InvalidatorOptions;
  /** The names of subgraphs that have been served. */
  readonly #subgraphs = new Set<string>([NO_SUBGRAPH]);
  /** The fields of a type, each of which is a key alone in a subgraph that has been served. */
  readonly #keyFields = new Map<string, Set<string>>();

  constructor(options: InvalidatorOptions) {
    this.#options = options;
    options.messages.subscribe(TOPIC, (text) => {
      const tags = readTags(text);
      if (tags !== undefined) void options.invalidateHere(tags);
    });
  }

  /** Adds subgraphs whose values may be cached. */
  addSubgraphs(subgraphs: readonly Pick<Subgraph, 'name' | 'types'>[]): void {
    for (const { name, types } of subgraphs) {
      this.#subgraphs.add(name);
      for (const [type, { keys }] of types) for (const { fields } of keys) this.#addKey(type, fields);
    }
  }

  /** Invalidates what has tags of the schema or of sources, in all subgraphs: `product-7`. Never rejects. */
  async invalidateNamed(names: readonly string[]): Promise<void> {
    try {
      await this.#invalidate(names.flatMap((name) => this.#inAll((subgraph) => namedTag(subgraph, name))));
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  /** Applies requests, and returns how many values were removed. Rejects where Redis did not respond. */
  async apply(requests: readonly InvalidationRequest[]): Promise<number> {
    return this.#invalidate(requests.flatMap((request) => this.tagsOf(request)));
  }

  /** Returns the tags of what a request names. */
  tagsOf(request: InvalidationRequest): string[] {
    switch (request.kind) {
      case 'subgraph':
        return [subgraphTag(request.subgraph)];
      case 'type':
        return [typeTag(request.subgraph, request.type)];
      case 'cache_tag': {
        const { subgraphs, cache_tag: tag } = request;
        const tagIn = (subgraph: string) => namedTag(subgraph, tag);
        return subgraphs?.map(tagIn) ?? this.#inAll(tagIn);
      }
      case 'entity': {
        const { subgraph, type, key } = request;
        return this.#keysOf(type, key).flatMap((text) => {
          const tagIn = (name: string) => entityTag(name, type, text);
          return subgraph === undefined ? this.#inAll(tagIn) : [tagIn(subgraph)];
        });
      }
    }
  }

  /** Returns the texts of a key. A text without a field may be the value of any key with one field, or the JSON of one with several. */
  #keysOf(type: string, key: Readonly<Record<string, unknown>> | string): string[] {
    if (typeof key !== 'string') return [keyText(key) ?? []].flat();
    // the entities of endpoints have an id
    const fields = new Set(['id', ...(this.#keyFields.get(type) ?? [])]);
    return [...(key.startsWith('{') ? [key] : []), ...[...fields].map((field) => keyOfField(field, key))];
  }

  #addKey(type: string, { selections }: SelectionSetNode): void {
    const named = selections.filter((one) => one.kind === Kind.FIELD && one.name.value !== '__typename');
    const [field] = named;
    if (named.length !== 1 || field?.kind !== Kind.FIELD || field.selectionSet) return;
    const known = this.#keyFields.get(type) ?? new Set();
    this.#keyFields.set(type, known.add(field.name.value));
  }

  async #invalidate(tags: readonly string[]): Promise<number> {
    if (tags.length === 0) return 0;
    const { stores, messages, onInvalidated } = this.#options;
    // before the removal, which may take a while: what other processes fetch meanwhile is old
    messages.publish(TOPIC, JSON.stringify(tags));
    const counts = await Promise.all(stores.map(async (store) => store.invalidate(tags)));
    const count = counts.reduce((sum, one) => sum + one, 0);
    messages.publish(TOPIC, JSON.stringify(tags));
    onInvalidated?.(count);
    return count;
  }

  #inAll(tagIn: (subgraph: string) => string): string[] {
    return [...this.#subgraphs].map(tagIn);
  }
}

/** Reads a message; `undefined` for one of another program. */
function readTags(text: string): string[] | undefined {
  const tags = jsonOf(text);
  return Array.isArray(tags) && tags.every((tag) => typeof tag === 'string') ? tags : undefined;
}
