import type { Identity } from '../../client/identity.ts';
import type { AuthorizationSettings } from '../../config/sections/authorization.ts';
import type { CheckedRequest } from '../../pipeline/operation-policy.ts';
import { withDeadline } from '../../shared/deadline.ts';
import { plainValue } from '../../shared/exact-json.ts';

type Client = CheckedRequest['client'];

/** Returns those of the named policies that are granted to a client. Never rejects. */
export type GrantedPolicies = (
  names: readonly string[],
  client: Client,
) => ReadonlySet<string> | Promise<ReadonlySet<string>>;

/** The request, as a policy module gets it. */
export interface PolicyRequest {
  readonly identity: Identity | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly ip: string | undefined;
  readonly requestId: string;
}

/**
 * The default export of a policy module. Returns which of the policies are granted, as a list of names or an object with
 * `true` for each of them.
 *
 * @example
 * export default async (policies, { identity }) => ({ owner: identity?.claims.role === 'owner' });
 */
export type DecidePolicies = (
  policies: readonly string[],
  request: PolicyRequest,
) => PolicyDecision | Promise<PolicyDecision>;

export type PolicyDecision = readonly string[] | Readonly<Record<string, boolean>>;

export interface PolicySources extends Pick<AuthorizationSettings['policies'], 'claim'> {
  readonly timeoutMs: number;
  readonly decide?: DecidePolicies | undefined;
  /** Called when `decide` throws, rejects or takes too long. No policy of that call is granted then. */
  readonly onFailure: (error: unknown, client: Client) => void;
}

/** Grants policies by a claim, by a module, or by both. The module decides those that the claim does not list. */
export function createGrantedPolicies(sources: PolicySources): GrantedPolicies | undefined {
  const { claim, decide } = sources;
  if (claim === undefined && !decide) return undefined;
  return (names, client) => {
    const listed = claim === undefined ? NONE : new Set(listedIn(client.identity?.claims, claim));
    const open = listed.size === 0 ? names : names.filter((name) => !listed.has(name));
    if (!decide || open.length === 0) return listed;
    return decideByModule(decide, open, client, sources).then((granted) => new Set([...listed, ...granted]));
  };
}

const NONE: ReadonlySet<string> = new Set();

async function decideByModule(
  decide: DecidePolicies,
  names: readonly string[],
  client: Client,
  sources: PolicySources,
): Promise<readonly string[]> {
  const { headers, ip, requestId } = client;
  const identity = plainValue(client.identity);
  const { timeoutMs } = sources;
  try {
    const decision = Promise.resolve(decide(names, { identity, headers, ip, requestId }));
    return grantedIn(await withDeadline(decision, timeoutMs, () => failLate(timeoutMs)), names);
  } catch (error) {
    sources.onFailure(error, client);
    return [];
  }
}

function failLate(timeoutMs: number): never {
  throw new Error(`The policies took longer than ${timeoutMs} ms to decide.`);
}

function grantedIn(decision: unknown, names: readonly string[]): readonly string[] {
  if (Array.isArray(decision)) return names.filter((name) => decision.includes(name));
  if (typeof decision !== 'object' || decision === null) {
    throw new Error('The policy module returned neither a list of names nor an object of booleans.');
  }
  return names.filter((name) => Object.hasOwn(decision, name) && (decision as Record<string, unknown>)[name] === true);
}

/** Reads the names in a claim. The claim's name may be a URL, so it is tried as a whole before its dots are read as a path. */
function listedIn(claims: unknown, name: string): readonly string[] {
  const value = memberOf(claims, name) ?? name.split('.').reduce(memberOf, claims);
  if (typeof value === 'string') return value.split(' ').filter((name) => name !== '');
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}
