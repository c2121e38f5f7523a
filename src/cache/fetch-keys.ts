import { hash } from 'node:crypto';
import { viewerKey } from '../client/dependency-keys.ts';
import { type DependsOn, identifiesClient, type Requester } from '../client/depends-on.ts';
import type { ClientInfo } from '../client/identity.ts';
import { stringifyJson } from '../shared/exact-json.ts';
import type { ClientContext, FetchLookup, FetchParts, ForwardHeaders, SourceRequest } from '../sources/source.ts';
import type { FetchFacts, PartFacts } from './fetch-facts.ts';

/** A part of a fetch with its keys: root fields, or the entities of one look-up. */
export interface KeyedPart {
  readonly facts: PartFacts;
  /** `undefined` for root fields. */
  readonly lookup: FetchLookup | undefined;
  /** A key for each entity; one for root fields. */
  readonly keys: readonly string[];
  /** Whether the keys are for one client, or one group of clients. */
  readonly isPrivate: boolean;
}

/** What identifies the clients that may share private values: a claim, a header, or by default the client itself. */
export interface PrivateId {
  readonly claim?: string | undefined;
  readonly header?: string | undefined;
}

export interface KeyOptions {
  /** The subgraph, and its variant. */
  readonly owner: string;
  readonly facts: FetchFacts;
  /** Returns the client headers that the source sends. */
  readonly forward?: ForwardHeaders | undefined;
  /** What responses of the source depend on. */
  readonly dependsOn: DependsOn;
  readonly privateId?: PrivateId | undefined;
}

/** Longer representations are hashed. */
const LONGEST_REPRESENTATION = 120;
/** Headers and variables that clients can make longer are not remembered with each plan. */
const LONGEST_REMEMBERED = 2_000;

/**
 * Returns the parts of a fetch with a key for each value. A key has everything that the value depends on: the selection, its
 * variables, and all headers that are sent; for private values also the client.
 * @returns `undefined` where the fetch has a private part, and its client cannot be identified
 */
export function keyedParts(request: SourceRequest, parts: FetchParts, options: KeyOptions): KeyedPart[] | undefined {
  const { client } = request;
  const { root } = parts.planned;
  const sent = options.forward?.(client).sharingKey ?? '';
  if (root !== undefined) {
    const facts = options.facts.ofRoot(parts.planned, root.node);
    const viewer = viewerOf(facts, client, options);
    if (viewer === undefined) return undefined;
    const body = request.sharedBody ?? request.body;
    const key = digest(['root', options.owner, body, sent, viewer]);
    return [{ facts, lookup: undefined, keys: [key], isPrivate: viewer !== '' }];
  }
  const keyed: KeyedPart[] = [];
  for (const lookup of parts.lookups()) {
    const facts = options.facts.ofLookup(lookup.planned);
    const viewer = viewerOf(facts, client, options);
    if (viewer === undefined) return undefined;
    const prefix = prefixOf(lookup, facts, parts, options.owner, sent, viewer);
    const keys = lookup.representations.map((text) => prefix + shortened(text));
    keyed.push({ facts, lookup, keys, isPrivate: viewer !== '' });
  }
  return keyed;
}

/** Returns the key of the client for private values, and the empty text for others; `undefined` where it cannot be identified. */
function viewerOf(
  { hint, wasPrivate }: PartFacts,
  client: ClientContext,
  { dependsOn, privateId }: KeyOptions,
): string | undefined {
  if (!hint.isPrivate && !wasPrivate) return '';
  const { identity, headers } = client;
  if (privateId?.claim !== undefined) {
    const claims = identity?.claims;
    const value = claims && Object.hasOwn(claims, privateId.claim) ? claims[privateId.claim] : undefined;
    return value === undefined || value === null ? undefined : `claim ${stringifyJson(value)}`;
  }
  if (privateId?.header !== undefined) {
    const value = headers[privateId.header];
    return value === undefined ? undefined : `header ${JSON.stringify(value)}`;
  }
  const requester: Requester = { clientInfo: client as ClientInfo, headers };
  return identifiesClient(requester, dependsOn) ? `client ${viewerKey(requester, dependsOn)}` : undefined;
}

/** The prefix of one look-up is computed again only when what it depends on has changed. */
function prefixOf(
  { selection, contextValues, representations }: FetchLookup,
  facts: PartFacts,
  parts: FetchParts,
  owner: string,
  sent: string,
  viewer: string,
): string {
  const names = selection.variables;
  const variables = names.length === 0 ? '' : names.map((name) => writtenVariable(name, parts)).join();
  const from = `${variables}\n${contextValues}\n${sent}\n${viewer}`;
  if (facts.prefix?.from === from && representations.length > 0) return facts.prefix.text;
  const text = digest(['entity', owner, selection.text, variables, contextValues, sent, viewer]);
  if (from.length <= LONGEST_REMEMBERED) facts.prefix = { from, text };
  return text;
}

/** Returns a variable as a request has it: one that is missing, so that defaults apply, is not one that is null. */
function writtenVariable(name: string, parts: FetchParts): string {
  const value = parts.variable(name);
  return value === undefined ? '' : (stringifyJson(value) ?? '');
}

function shortened(representation: string): string {
  return representation.length <= LONGEST_REPRESENTATION ? representation : digest([representation]);
}

/** Lists with the same texts have the same digest, and no others. */
function digest(texts: readonly string[]): string {
  return hash('sha256', JSON.stringify(texts), 'base64url');
}
