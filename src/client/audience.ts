import { COMMON_CREDENTIALS, type DependsOn, identifiesClient, listedHeaders, type Requester } from './depends-on.ts';

/**
 * `private`: for the client that sent the request. `public`: declared to be the same for all clients. `unspecified`: not declared; the
 * same for all anonymous clients.
 */
export type Scope = 'public' | 'private' | 'unspecified';

/** Who may cache a response (RFC 9111, section 5.2.2), and the request headers that it varies with. */
export interface Audience {
  /** Whether only the client's own cache may store it. */
  readonly isPrivate: boolean;
  /** Names for `Vary`, in lower case; `*` if they cannot be listed (RFC 9110, section 12.5.5). */
  readonly vary: readonly string[];
}

interface ResponseProperties {
  readonly scope: Scope;
  /** Whether only some clients have access. */
  readonly isGuarded?: boolean;
  /** Headers that the response varies with in any case, even if it is public: those that an endpoint itself names. */
  readonly named?: readonly string[];
}

/**
 * Returns who may cache a response. It is private if it depends on something that is not a request header (the client's address, a
 * certificate), on headers with unknown names, or on a policy that treats clients differently.
 */
export function audienceOf(response: ResponseProperties, requester: Requester, dependsOn: DependsOn): Audience {
  const { credentials } = dependsOn;
  const scope = dependsOn.isGuarded ? 'private' : response.scope;
  const read = listedHeaders(dependsOn);
  const byWho = scope !== 'public' || response.isGuarded === true || credentials.required === true;
  const isPrivate =
    scope === 'private' ||
    read === undefined ||
    dependsOn.address ||
    (scope === 'public' ? byWho : credentials.certificates === true || identifiesClient(requester, dependsOn));
  if (read === undefined) return { isPrivate, vary: ['*'] };
  const { named = [] } = response;
  const counted = byWho ? read : read.filter((name) => !COMMON_CREDENTIALS.has(name) || named.includes(name));
  return { isPrivate, vary: [...new Set([...named, ...counted, ...(byWho ? credentials.headers : [])])] };
}
