import type { ProblemDetails } from '../../http/problem.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';

/** The kinds of credentials that the gateway accepts. */
export interface AcceptedCredentials {
  readonly tokens: boolean;
  readonly apiKeys: boolean;
  /** Clients whose users log in at the gateway. */
  readonly logins: ReadonlySet<string>;
  /** Public path of the gateway behind a proxy: `/shop-api`. */
  readonly pathPrefix?: string | undefined;
}

export const TOKENS_ONLY: AcceptedCredentials = { tokens: true, apiKeys: false, logins: new Set() };

type ProtectedEndpoint = Pick<Endpoint, 'client' | 'auth'>;

/** One way to authenticate. */
interface AuthScheme {
  /** Text after `Credentials are needed: `. */
  readonly advice: string;
  readonly challenge: string;
  readonly login?: string;
}

const BEARER: AuthScheme = { advice: 'send "Authorization: Bearer TOKEN"', challenge: 'Bearer' };
const API_KEY: AuthScheme = { advice: 'send an API key', challenge: 'ApiKey realm="headgate"' };
const CERTIFICATE: AuthScheme = { advice: 'use a client certificate', challenge: 'Certificate realm="headgate"' };

/**
 * Returns the 401 problem for a request without credentials. It lists every scheme that the endpoint accepts: as
 * challenges, in words, and as a link where users log in at the gateway.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function unauthenticated(endpoint: ProtectedEndpoint, acceptedCredentials: AcceptedCredentials): ProblemDetails {
  const schemes = schemesFor(endpoint, acceptedCredentials);
  const login = schemes.find((scheme) => scheme.login !== undefined)?.login;
  return {
    status: 401,
    kind: 'unauthenticated',
    detail: `Credentials are needed: ${schemes.map(({ advice }) => advice).join(', or ')}.`,
    headers: { 'www-authenticate': schemes.map(({ challenge }) => challenge).join(', ') },
    ...(login === undefined ? {} : { extensions: { login } }),
  };
}

function schemesFor({ client, auth }: ProtectedEndpoint, acceptedCredentials: AcceptedCredentials): AuthScheme[] {
  const kinds = auth?.kinds;
  const schemes: AuthScheme[] = [];
  if (acceptedCredentials.tokens && (kinds === undefined || kinds.has('jwt') || kinds.has('opaque')))
    schemes.push(BEARER);
  if (kinds === undefined ? acceptedCredentials.logins.has(client) : kinds.has('session'))
    schemes.push(loginScheme(client, acceptedCredentials.pathPrefix));
  if (kinds === undefined ? acceptedCredentials.apiKeys : kinds.has('api_key')) schemes.push(API_KEY);
  if (kinds?.has('certificate')) schemes.push(CERTIFICATE);
  return schemes.length > 0 ? schemes : [BEARER];
}

function loginScheme(client: string, prefix = ''): AuthScheme {
  const login = `${prefix}/bff/${client}/login`;
  return { advice: `log in at ${login}`, challenge: `Session realm="headgate", login="${login}"`, login };
}

/** Adds challenges to a 401 problem that comes from protected fields. */
export function withChallenge(
  problem: ProblemDetails,
  endpoint: ProtectedEndpoint,
  acceptedCredentials: AcceptedCredentials,
): ProblemDetails {
  if (problem.status !== 401) return problem;
  const { headers, extensions } = unauthenticated(endpoint, acceptedCredentials);
  return {
    ...problem,
    headers: { ...problem.headers, ...headers },
    extensions: { ...extensions, ...problem.extensions },
  };
}
