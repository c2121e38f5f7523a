import { COMMON_CREDENTIALS, credentialsOf, type DependsOn, type Requester, saysWho } from './depends-on.ts';

/**
 * `private`: for the one client that asked. `public`: declared not to depend on who asks. `unspecified`: not declared; the same for
 * all clients who do not say who they are.
 */
export type Scope = 'public' | 'private' | 'unspecified';

/** Who may keep an answer (RFC 9111, section 5.2.2), and the request headers by which answers are told apart. */
export interface Audience {
  /** Only the cache of the client that asked may keep it. */
  readonly isPrivate: boolean;
  /** Names for `Vary`, in lower case; `*` stands for more than can be named (RFC 9110, section 12.5.5). */
  readonly vary: readonly string[];
}

interface Answered {
  readonly scope: Scope;
  /** Whether only some clients may ask. */
  readonly isGuarded?: boolean;
  /** Headers that the answer depends on beside those that are read for all answers. */
  readonly vary: readonly string[];
}

/**
 * Returns who may keep an answer. What depends on something that no header of the request names (the client's address, a
 * certificate), or on headers whose names are not known, is public for nobody.
 */
export function audienceOf(answered: Answered, requester: Requester, dependsOn: DependsOn | undefined): Audience {
  const { scope, isGuarded = false, vary } = answered;
  const credentials = credentialsOf(dependsOn);
  const read = dependsOn === undefined ? [] : dependsOn.readNames?.();
  const byWho = scope !== 'public' || isGuarded || credentials.required === true;
  const isPrivate =
    scope === 'private' ||
    read === undefined ||
    dependsOn?.forwardsAddress === true ||
    (scope === 'public' ? byWho : credentials.certificates === true || saysWho(requester, dependsOn));
  if (read === undefined) return { isPrivate, vary: ['*'] };
  const named = byWho ? read : read.filter((name) => !COMMON_CREDENTIALS.has(name));
  return { isPrivate, vary: [...new Set([...vary, ...named, ...(byWho ? credentials.headers : [])])] };
}
