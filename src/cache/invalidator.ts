import type { Messages } from '../store/messages.ts';
import type { CacheStore } from './cache-store.ts';
import { jsonOf } from './compose-response.ts';
import { entityTag, keyText, NO_SUBGRAPH, namedTag, subgraphTag, typeTag } from './tags.ts';

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

  constructor(options: InvalidatorOptions) {
    this.#options = options;
    options.messages.subscribe(TOPIC, (text) => {
      const tags = readTags(text);
      if (tags !== undefined) void options.invalidateHere(tags);
    });
  }

  /** Adds subgraphs whose values may be cached. */
  addSubgraphs(names: Iterable<string>): void {
    for (const name of names) this.#subgraphs.add(name);
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
        const text = typeof key === 'string' ? key : keyText(key);
        if (text === undefined) return [];
        const tagIn = (name: string) => entityTag(name, type, text);
        return subgraph === undefined ? this.#inAll(tagIn) : [tagIn(subgraph)];
      }
    }
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
