import { COMMON_CREDENTIALS, credentialsOf, type DependsOn, identifiesClient, type Requester } from './depends-on.ts';

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
  /** Headers that the response varies with, beside those that all responses vary with. */
  readonly vary: readonly string[];
}

/**
 * Returns who may cache a response. It is private if it depends on something that is not a request header (the client's address, a
 * certificate), or on headers with unknown names.
 */
export function audienceOf(
  answered: ResponseProperties,
  requester: Requester,
  dependsOn: DependsOn | undefined,
): Audience {
  const { scope, isGuarded = false, vary } = answered;
  const credentials = credentialsOf(dependsOn);
  const read = dependsOn === undefined ? [] : dependsOn.readNames?.();
  const byWho = scope !== 'public' || isGuarded || credentials.required === true;
  const isPrivate =
    scope === 'private' ||
    read === undefined ||
    dependsOn?.forwardsAddress === true ||
    (scope === 'public' ? byWho : credentials.certificates === true || identifiesClient(requester, dependsOn));
  if (read === undefined) return { isPrivate, vary: ['*'] };
  const named = byWho ? read : read.filter((name) => !COMMON_CREDENTIALS.has(name));
  return { isPrivate, vary: [...new Set([...vary, ...named, ...(byWho ? credentials.headers : [])])] };
}
