import type { Endpoint } from '../endpoints/endpoints.ts';
import type { ProblemDetails } from '../responses/reply.ts';

/** Which kinds of credentials the gateway takes. */
export interface AcceptedCredentials {
  readonly tokens: boolean;
  readonly apiKeys: boolean;
  /** The clients whose users log in here. */
  readonly logins: ReadonlySet<string>;
  /** Where a proxy shows the gateway: `/shop-api`. */
  readonly pathPrefix?: string | undefined;
}

export const TOKENS_ONLY: AcceptedCredentials = { tokens: true, apiKeys: false, logins: new Set() };

type Asked = Pick<Endpoint, 'client' | 'auth'>;

/** One way to say who one is. */
interface Way {
  /** What follows `Credentials are needed: `. */
  readonly advice: string;
  readonly challenge: string;
  readonly login?: string;
}

const BEARER: Way = { advice: 'send "Authorization: Bearer TOKEN"', challenge: 'Bearer' };
const API_KEY: Way = { advice: 'send an API key', challenge: 'ApiKey realm="headgate"' };
const CERTIFICATE: Way = { advice: 'use a client certificate', challenge: 'Certificate realm="headgate"' };

/**
 * What to tell somebody who is not known: every way that this endpoint and the gateway know, as challenges, in words, and as
 * a link where users log in here.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function unauthenticated(asked: Asked, accepted: AcceptedCredentials): ProblemDetails {
  const ways = waysFor(asked, accepted);
  const login = ways.find((way) => way.login !== undefined)?.login;
  return {
    status: 401,
    kind: 'unauthenticated',
    detail: `Credentials are needed: ${ways.map(({ advice }) => advice).join(', or ')}.`,
    headers: { 'www-authenticate': ways.map(({ challenge }) => challenge).join(', ') },
    ...(login === undefined ? {} : { extensions: { login } }),
  };
}

function waysFor({ client, auth }: Asked, accepted: AcceptedCredentials): Way[] {
  const kinds = auth?.kinds;
  const ways: Way[] = [];
  if (accepted.tokens && (kinds === undefined || kinds.has('jwt') || kinds.has('opaque'))) ways.push(BEARER);
  if (kinds === undefined ? accepted.logins.has(client) : kinds.has('session'))
    ways.push(loginOf(client, accepted.pathPrefix));
  if (kinds === undefined ? accepted.apiKeys : kinds.has('api_key')) ways.push(API_KEY);
  if (kinds?.has('certificate')) ways.push(CERTIFICATE);
  return ways.length > 0 ? ways : [BEARER];
}

function loginOf(client: string, prefix = ''): Way {
  const login = `${prefix}/bff/${client}/login`;
  return { advice: `log in at ${login}`, challenge: `Session realm="headgate", login="${login}"`, login };
}

/** A problem of fields that not everyone may read, with what would help. */
export function withChallenge(problem: ProblemDetails, asked: Asked, accepted: AcceptedCredentials): ProblemDetails {
  if (problem.status !== 401) return problem;
  const { headers, extensions } = unauthenticated(asked, accepted);
  return {
    ...problem,
    headers: { ...problem.headers, ...headers },
    extensions: { ...extensions, ...problem.extensions },
  };
}
