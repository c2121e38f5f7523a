import type { Identity } from '../../client/identity.ts';
import type { ProblemDetails } from '../../http/problem.ts';
import { InputCoercion } from '../../operation/coerce-input.ts';
import type { AuthRule } from '../endpoints/auth-rule.ts';
import type { Variables } from '../endpoints/coerce.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import type { Parameter } from '../endpoints/parameters.ts';
import type { BffContext } from './call.ts';
import { type AcceptedCredentials, unauthenticated } from './challenge.ts';

/**
 * Returns the problem of a request that may not call an endpoint; `undefined` where it may.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1
 */
export function refuseViewer(
  rule: AuthRule,
  identity: Identity | undefined,
  client: string,
  acceptedCredentials: AcceptedCredentials,
): ProblemDetails | undefined {
  if (identity === undefined) {
    return rule.required || rule.scopes.length > 0
      ? unauthenticated({ client, auth: rule }, acceptedCredentials)
      : undefined;
  }
  if (rule.kinds && !rule.kinds.has(identity.kind)) {
    const detail = `This endpoint needs a credential of the kind ${[...rule.kinds].join(' or ')}; the request has one of the kind ${identity.kind}.`;
    return { status: 403, kind: 'forbidden', detail };
  }
  const missing = rule.scopes.filter((scope) => !identity.scopes.includes(scope));
  if (missing.length === 0) return undefined;
  const detail = `The credential lacks ${missing.length === 1 ? 'the scope' : 'the scopes'} ${missing.join(', ')}.`;
  // RFC 6750 defines the challenge for bearer tokens only
  if (!isToken(identity.kind)) return { status: 403, kind: 'forbidden', detail };
  const challenge = `Bearer error="insufficient_scope", scope="${rule.scopes.join(' ')}"`;
  return { status: 403, kind: 'forbidden', detail, headers: { 'www-authenticate': challenge } };
}

const isToken = (kind: string) => kind === 'jwt' || kind === 'opaque';

/**
 * Adds the variables that are read from claims of the verified credential. Claims never come from the request itself.
 * @returns the problem where a required claim is missing or has the wrong type
 */
export function readClaims(
  endpoint: Pick<Endpoint, 'parameters' | 'auth' | 'client'>,
  identity: Identity | undefined,
  variables: Variables,
  { acceptedCredentials, hidesDetails }: Pick<BffContext, 'acceptedCredentials' | 'hidesDetails'>,
): ProblemDetails | undefined {
  for (const parameter of endpoint.parameters) {
    if (parameter.in !== 'claim') continue;
    const value = claimOf(identity, parameter.name);
    if (value === undefined || value === null) {
      if (!parameter.required) continue;
      return identity === undefined
        ? unauthenticated(endpoint, acceptedCredentials)
        : withoutClaim(parameter, hidesDetails);
    }
    const coercion = new InputCoercion({ maxErrors: 1, hideSuggestions: true });
    coercion.coerce(value, parameter.type);
    if (coercion.isFull) return withoutClaim(parameter, hidesDetails);
    variables[parameter.variable] = value;
  }
  return undefined;
}

/** Returns a claim by name or by path, such as `realm_access.roles`. A claim whose own name has dots takes precedence. */
function claimOf(identity: Identity | undefined, name: string): unknown {
  if (identity === undefined) return undefined;
  if (Object.hasOwn(identity.claims, name)) return identity.claims[name];
  if (name === 'sub') return identity.subject;
  let value: unknown = identity.claims;
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

function withoutClaim({ name, type }: Parameter, hidesDetails: boolean): ProblemDetails {
  const kind = hidesDetails ? '' : ` of the type ${type}`;
  const detail = `The credential has no claim "${name}"${kind}, which this endpoint reads.`;
  return { status: 403, kind: 'forbidden', detail };
}
