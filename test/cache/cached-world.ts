import { cacheFetches } from '../../src/cache/cache-fetches.ts';
import type { CacheStore } from '../../src/cache/cache-store.ts';
import { FetchFacts } from '../../src/cache/fetch-facts.ts';
import type { PrivateId } from '../../src/cache/fetch-keys.ts';
import { Invalidator } from '../../src/cache/invalidator.ts';
import type { LifetimeSettings } from '../../src/cache/lifetime.ts';
import { MemoryStore } from '../../src/cache/memory-store.ts';
import { COMMON_CREDENTIALS, type DependsOn, NOTHING } from '../../src/client/depends-on.ts';
import type { Identity } from '../../src/client/identity.ts';
import { createSupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { readHints } from '../../src/operation/cache-hints.ts';
import { createEngine } from '../../src/pipeline/pipeline.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../../src/sources/source.ts';
import { type Messages, relayedMessages } from '../../src/store/messages.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { folderWith } from '../composition/folder.ts';

const ITEMS = `
  extend schema @subgraph(url: "http://items.test")
    @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { items(ids: [ID!]!): [Item] @cacheControl(maxAge: 30) }
  type Mutation { change(id: ID!): Boolean @invalidates(tags: ["item-{$args.id}"]) }
  type Item @key(fields: "id") @cacheTag(format: "item-{$key.id}") { id: ID! name: String }`;

const FACTS = `
  extend schema @subgraph(url: "http://facts.test")
    @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Item @key(fields: "id") @cacheTag(format: "item-{$key.id}") {
    id: ID!
    fact: String @cacheControl(maxAge: 20)
    mine: String @cacheControl(maxAge: 20, scope: PRIVATE)
  }`;

/** Loads the supergraph once: worlds differ in their data. */
let loaded: Promise<string> | undefined;
const load = async () => {
  const schemasDir = await folderWith({ 'items.graphql': ITEMS, 'facts.graphql': FACTS });
  return (await createSupergraphProvider({ schemasDir }).load()).sdl;
};

/** What a subgraph responds, and when: by default at once. */
export interface Subgraph {
  /** Returns the GraphQL result, or a failure. Called when a request is sent. */
  respond(request: SourceRequest): object | 'failure';
  /** Called with a response that is ready to be delivered. */
  deliver(done: () => void): void;
  readonly sent: { readonly query: string; readonly variables: Readonly<Record<string, unknown>> }[];
}

/** What a world shares with other processes. */
export interface SharedParts {
  readonly clock: { now: number };
  readonly messages: Messages;
  /** Returns the store that has this memory. */
  readonly storeOver: (memory: MemoryStore) => CacheStore;
  /** Distinguishes its values from those of other worlds in the same Redis. */
  readonly world: string;
}

export type CachedWorld = Awaited<ReturnType<typeof cachedWorld>>;

export type Variables = Readonly<Record<string, unknown>>;

const DEPENDS_ON: DependsOn = { ...NOTHING, credentials: { headers: COMMON_CREDENTIALS } };

/**
 * Two subgraphs in this process behind the response cache, with a clock that the test sets.
 * @param privateId what identifies the clients that share private values
 * @param known the store of another world, as after a change of its config
 * @param process what it shares with other processes
 */
export async function cachedWorld(
  subgraphs: { items: Subgraph; facts: Subgraph },
  lifetime: Partial<LifetimeSettings> = {},
  known?: MemoryStore,
  privateId?: PrivateId,
  process: Partial<SharedParts> = {},
) {
  loaded ??= load();
  const supergraph = readSupergraph(await loaded);
  const { clock = { now: 1_000_000 }, messages = relayedMessages(undefined), world = '' } = process;
  const random = { next: () => 0 };
  const now = () => clock.now;
  const memory = known ?? new MemoryStore({ maxBytes: 1_000_000, now });
  const store: CacheStore = process.storeOver?.(memory) ?? memory;
  /** Invalidations of mutations that Redis has not confirmed. */
  const failures = { count: 0 };
  const invalidateHere = (tags: readonly string[]) => memory.invalidate(tags);
  const invalidator = new Invalidator({
    ...{ stores: [store], invalidateHere, messages },
    onError: () => void failures.count++,
  });
  messages.onGap(() => memory.clear());
  invalidator.addSubgraphs(supergraph.subgraphs);
  const hints = readHints(supergraph, new Map());
  const sources = new Map<string, Source>();
  for (const subgraph of supergraph.subgraphs) {
    const { name } = subgraph;
    const cached = cacheFetches(sourceOf(name, subgraphs[name as 'items' | 'facts']), {
      ...{ subgraph: name, owner: `${name}${world}`, store, now, random: () => random.next(), recordsFreshness: true },
      ...{ facts: new FetchFacts(supergraph, subgraph, hints), dependsOn: DEPENDS_ON, privateId },
      lifetime: { staleWhileRevalidateMs: 0, staleIfErrorMs: 0, jitter: 0, ...lifetime },
      invalidate: (tags) => invalidator.invalidateNamed(tags),
    });
    sources.set(name, cached);
  }
  const engine = createEngine({ supergraph, sources, cachedSubgraphs: new Set(sources.keys()) });
  return {
    clock,
    random,
    store: memory,
    invalidator,
    failures,
    async ask(
      query: string,
      variables: Variables = {},
      user?: string,
      headers: Record<string, string> = {},
      claims: Variables = {},
    ) {
      const client = {
        requestId: 'r',
        headers,
        ip: '127.0.0.1',
        identity: user === undefined ? undefined : identity(user, claims),
      };
      const { dataText, errors } = await engine.execute({ query, variables, client });
      return { data: JSON.parse(dataText ?? 'null'), errors };
    },
  };
}

function identity(subject: string, claims: Variables): Identity {
  return { kind: 'jwt', subject, scopes: [], claims: { ...claims, sub: subject } };
}

function sourceOf(name: string, subgraph: Subgraph): Source {
  return {
    name,
    send(request, done) {
      subgraph.sent.push(JSON.parse(request.body));
      const result = subgraph.respond(request);
      const response: SubgraphResponse =
        result === 'failure'
          ? { kind: 'failure', failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'It is down.' } }
          : { kind: 'text', text: JSON.stringify(result), status: 200 };
      subgraph.deliver(() => done(response));
    },
    close: async () => {},
  };
}

/** A subgraph whose data and failures the test sets. */
export function subgraph(respond: Subgraph['respond']): Subgraph & { respond: Subgraph['respond']; isDown: boolean } {
  const made = {
    isDown: false,
    sent: [],
    respond: (request: SourceRequest) => (made.isDown ? ('failure' as const) : respond(request)),
    deliver: (done: () => void) => queueMicrotask(done),
  };
  return made;
}
