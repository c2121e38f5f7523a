import { hash } from 'node:crypto';
import { viewerKey } from '../client/dependency-keys.ts';
import { type DependsOn, identifiesClient, type Requester } from '../client/depends-on.ts';
import type { ClientInfo } from '../client/identity.ts';
import type { FetchNode } from '../planner/positions.ts';
import type { RootFieldText } from '../planner/print-document.ts';
import { stringifyJson } from '../shared/exact-json.ts';
import type { ClientContext, FetchLookup, FetchParts, ForwardHeaders, SourceRequest } from '../sources/source.ts';
import type { FetchFacts, PartFacts } from './fetch-facts.ts';

/** A part of a fetch with its keys: a root field, or the entities of one look-up. */
export interface KeyedPart {
  readonly facts: PartFacts;
  /** `undefined` for root fields. */
  readonly lookup: FetchLookup | undefined;
  /** The response key of one root field; `undefined` for look-ups, and for root fields that cannot be separated. */
  readonly rootKey?: string | undefined;
  /** A key for each entity; one for a root field. Empty for values that are not cached. */
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
  /** The subgraph, its variant, and what defines its fields in this process. */
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
 * @returns `undefined` where all parts are private, and the client cannot be identified
 */
export function keyedParts(request: SourceRequest, parts: FetchParts, options: KeyOptions): KeyedPart[] | undefined {
  const { client } = request;
  const { root } = parts.planned;
  const sent = options.forward?.(client).sharingKey ?? '';
  const fields = parts.rootFields();
  if (root !== undefined && fields !== undefined)
    return someKeyed(fields.map((field) => rootPart(field, root.node, { parts, client, options, sent })));
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
    const prefix =
      viewer === undefined ? undefined : prefixOf(lookup, 'entity', facts, parts, options.owner, sent, viewer);
    const keys = lookup.representations.map((text) => (prefix === undefined ? NO_KEY : prefix + shortened(text)));
    keyed.push({ facts, lookup, keys, isPrivate: viewer !== '' });
  }
  return someKeyed(keyed);
}

/** The key of a value that is private to a client which cannot be identified. Nothing is stored with it. */
export const NO_KEY = '';

interface RootParts {
  readonly parts: FetchParts;
  readonly client: ClientContext;
  readonly options: KeyOptions;
  /** The headers that are sent. */
  readonly sent: string;
}

/** Returns a root field with its key, in which its alias does not count. */
function rootPart(field: RootFieldText, node: FetchNode, { parts, client, options, sent }: RootParts): KeyedPart {
  const facts = options.facts.ofRootField(node, field.key);
  const viewer = viewerOf(facts, client, options);
  const selected = { selection: field.selection, contextValues: '' };
  const key = viewer === undefined ? NO_KEY : prefixOf(selected, 'root', facts, parts, options.owner, sent, viewer);
  return { facts, lookup: undefined, rootKey: field.key, keys: [key], isPrivate: viewer !== '' };
}

function someKeyed(keyed: KeyedPart[]): KeyedPart[] | undefined {
  return keyed.some(({ keys }) => keys.some((key) => key !== NO_KEY)) ? keyed : undefined;
}

/** Returns the key of the client for private values, and the empty text for others; `undefined` where it cannot be identified. */
function viewerOf({ hint, wasPrivate }: PartFacts, client: ClientContext, options: KeyOptions): string | undefined {
  if (hint.isPrivate) return identifiedBy(client, options);
  // a source may have private responses for clients that it knows, and others for those that it does not
  return wasPrivate ? (identifiedBy(client, options) ?? '') : '';
}

function identifiedBy(client: ClientContext, { dependsOn, privateId }: KeyOptions): string | undefined {
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

/** The prefix of one look-up, or the key of one root field, is computed again only when what it depends on has changed. */
function prefixOf(
  { selection, contextValues }: Pick<FetchLookup, 'selection' | 'contextValues'>,
  kind: 'root' | 'entity',
  facts: PartFacts,
  parts: FetchParts,
  owner: string,
  sent: string,
  viewer: string,
): string {
  const names = selection.variables;
  const variables = names.length === 0 ? '' : names.map((name) => writtenVariable(name, parts)).join();
  const from = `${variables}\n${contextValues}\n${sent}\n${viewer}`;
  if (facts.prefix?.from === from) return facts.prefix.text;
  const text = digest([kind, owner, selection.text, variables, contextValues, sent, viewer]);
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
