import type { DocumentNode, GraphQLSchema, SelectionSetNode, TypeNode } from 'graphql';
import { GraphQLError, Kind } from 'graphql';
import { runToEnd, type Steps } from '../shared/steps.ts';
import { type CacheControlUse, readCacheControl } from './cache-hints.ts';
import { type CacheTags, readCacheTags } from './cache-tags.ts';
import type { AppliedDirectives } from './directives.ts';
import { type EventField, type EventUse, readEventUses, withEventSubgraphs } from './events.ts';
import { type InProcessSource, readInProcessSources } from './in-process.ts';
import { type JoinedTypes, readJoinedTypes } from './join-spec.ts';
import { parseInSteps } from './parse-in-steps.ts';
import { buildPublicSchema } from './public-schema.ts';
import { type RateLimitUse, readRateLimits } from './rate-limits.ts';
import { buildSubgraphView } from './subgraph-view.ts';

/** One subgraph of a supergraph: `id` is the join enum value (`PRODUCTS`), `name` is its public name (`products`). */
export interface Subgraph {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  /** Set where the gateway resolves the subgraph itself instead of sending requests to `url`. */
  readonly inProcess?: InProcessSource | undefined;
  /** Set where its fields are messages of brokers: the subgraph that defines them, and the fields by coordinate. */
  readonly events?: { readonly of: string; readonly fields: ReadonlyMap<string, EventField> } | undefined;
  /** The types of this subgraph, as it defines them. */
  readonly types: ReadonlyMap<string, SubgraphType>;
}

/** A type as one subgraph defines it. An `interfaceObject` is an object there and an interface elsewhere. */
export interface SubgraphType {
  readonly name: string;
  readonly kind: 'object' | 'interface' | 'union' | 'interfaceObject';
  readonly fields: ReadonlyMap<string, SubgraphField>;
  /** Names of the object types that a value of this type may have in this subgraph. */
  readonly possible: ReadonlySet<string>;
  readonly keys: readonly SubgraphKey[];
}

export interface SubgraphField {
  readonly name: string;
  readonly type: TypeNode;
  readonly namedType: string;
  /** Declared here, resolved elsewhere; readable only where `provides` includes it. */
  readonly external: boolean;
  readonly requires: SelectionSetNode | undefined;
  readonly provides: SelectionSetNode | undefined;
  /**
   * Progressive `@override`: this field is resolved here only while the label is active (`from` it: only while
   * inactive).
   */
  readonly overrideLabel: { readonly label: string; readonly resolvedWhen: boolean } | undefined;
  /** Arguments whose values come from an object further up (`@fromContext`). */
  readonly contextArguments: readonly ContextArgument[];
}

/** An argument that clients do not see: its value is read from the nearest object above that sets the context. */
export interface ContextArgument {
  readonly name: string;
  /** The type of the argument as text, `String!`. */
  readonly type: string;
  /** The name of the context in `@context`, `users__locale`. */
  readonly context: string;
  /** The field that is read there. */
  readonly selection: string;
}

export interface SubgraphKey {
  readonly fields: SelectionSetNode;
  /** False for `@key(resolvable: false)`: the fields are there, but entities cannot be looked up by them. */
  readonly resolvable: boolean;
}

/** A type of the whole supergraph, `@inaccessible` parts included. */
export interface SupergraphType {
  readonly name: string;
  readonly kind: 'object' | 'interface' | 'union' | 'enum' | 'scalar' | 'input';
  readonly fields: ReadonlyMap<string, SupergraphField>;
  /** Names of the object types that a value of this type may have; an object type has itself. */
  readonly possible: ReadonlySet<string>;
  readonly interfaces: readonly string[];
  readonly inaccessible: boolean;
  /** `@tag @authenticated @requiresScopes @policy @cost @listSize @context @inaccessible` on the type; none is enforced here. */
  readonly directives: AppliedDirectives;
}

export interface SupergraphField {
  readonly name: string;
  readonly type: TypeNode;
  readonly namedType: string;
  /** As on {@link SupergraphType.directives}, without those of its type. */
  readonly directives: AppliedDirectives;
}

export interface Supergraph extends CacheTags {
  readonly sdl: string;
  readonly subgraphs: readonly Subgraph[];
  readonly types: ReadonlyMap<string, SupergraphType>;
  readonly rootTypes: { readonly query: string; readonly mutation?: string; readonly subscription?: string };
  /** The schema that clients see; used for validation and introspection. */
  readonly publicSchema: GraphQLSchema;
  /** Whether clients may use `@defer` and `@stream`. */
  readonly hasDefer: boolean;
  /** Uses of `@rateLimit`; none is enforced here. */
  readonly rateLimits: readonly RateLimitUse[];
  /** Uses of `@cacheControl`: how long fields may be cached. */
  readonly cacheControl: readonly CacheControlUse[];
}

/** The part of a supergraph that planning depends on. */
export type SupergraphModel = Pick<Supergraph, 'subgraphs' | 'types' | 'rootTypes'>;

/**
 * Thrown when the SDL is not a supergraph that can be served; the message says what is missing or wrong, and where.
 */
export class SupergraphError extends Error {
  override readonly name = 'SupergraphError';
}

/**
 * Reads a supergraph SDL written by any composition that follows the join specification v0.1 to v0.5.
 * @throws SupergraphError when the text is not SDL, or is SDL without join directives.
 * @see https://specs.apollo.dev/join/v0.3/
 */
export function readSupergraph(sdl: string): Supergraph {
  return runToEnd(readSupergraphInSteps(sdl));
}

/** Does the same as {@link readSupergraph}, in steps. */
export function* readSupergraphInSteps(
  sdl: string,
  { hasDefer = true }: Partial<Pick<Supergraph, 'hasDefer'>> = {},
): Steps<Supergraph> {
  const document = yield* parseSdl(sdl);
  const joined = yield* readJoinedTypes(document);
  if (joined.graphs.size === 0) {
    const federated = document.definitions.some(
      (d) => d.kind === Kind.SCHEMA_EXTENSION || d.kind === Kind.SCHEMA_DEFINITION,
    );
    throw new SupergraphError(
      `This is not a supergraph: it has no "join__Graph" enum that names the subgraphs.${
        federated ? ' It looks like a subgraph: put it into the schemas folder and let the gateway compose it.' : ''
      }`,
    );
  }
  const model = yield* modelOf(document, joined, readEventUses(document));
  const publicSchema = yield* buildPublicSchema(document, hasDefer);
  const rateLimits = readRateLimits(document);
  yield;
  return {
    sdl,
    ...model,
    publicSchema,
    hasDefer,
    rateLimits,
    cacheControl: readCacheControl(document),
    ...readCacheTags(document),
  };
}

/**
 * Reads only the types, of the whole graph and of each subgraph.
 * @param events the events, where the document does not have them yet
 * @throws SupergraphError when a field set cannot be parsed
 */
export function readSupergraphModel(
  document: DocumentNode,
  events: readonly EventUse[] = readEventUses(document),
): SupergraphModel {
  return runToEnd(readModelInSteps(document, events));
}

function* readModelInSteps(document: DocumentNode, events: readonly EventUse[]): Steps<SupergraphModel> {
  return yield* modelOf(document, yield* readJoinedTypes(document), events);
}

function* modelOf(document: DocumentNode, joined: JoinedTypes, events: readonly EventUse[]): Steps<SupergraphModel> {
  const inProcess = readInProcessSources(document);
  const subgraphs: Subgraph[] = [];
  for (const graph of joined.graphs.values()) {
    subgraphs.push({ ...graph, inProcess: inProcess.get(graph.name), types: yield* viewOf(graph, joined) });
  }
  const { types, rootTypes, definitions } = joined;
  return { subgraphs: withEventSubgraphs(subgraphs, events, definitions), types, rootTypes };
}

function* viewOf(graph: Pick<Subgraph, 'id' | 'name'>, joined: JoinedTypes): Steps<ReadonlyMap<string, SubgraphType>> {
  try {
    return yield* buildSubgraphView(graph, joined);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const text = error.source?.body ?? '';
    throw new SupergraphError(`A field set of subgraph ${graph.id} cannot be parsed: ${error.message} It is: ${text}`);
  }
}

function* parseSdl(sdl: string): Steps<DocumentNode> {
  try {
    return yield* parseInSteps(sdl);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const at = error.locations?.[0];
    throw new SupergraphError(
      `The supergraph cannot be parsed${at ? ` (${at.line}:${at.column})` : ''}: ${error.message}`,
    );
  }
}
