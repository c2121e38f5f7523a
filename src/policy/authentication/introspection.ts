import { LRUCache } from 'lru-cache';
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type IntrospectionResponse,
  introspectionRequest,
  None,
  processIntrospectionResponse,
} from 'oauth4webapi';
import type { Identity } from '../../client/identity.ts';
import type { IntrospectionEndpoint } from '../../config/sections/introspection-endpoints.ts';
import { SingleFlight } from '../../shared/single-flight.ts';
import { AuthenticationUnavailable, BadCredential, type BadCredentialKind } from './authentication-error.ts';
import { claimsOfToken, identityOfClaims, readClaims, withPlainTimes } from './claims.ts';
import { sha256 } from './digest.ts';

export interface IntrospectorOptions {
  readonly endpoints: readonly IntrospectionEndpoint[];
  /** Milliseconds that clocks may be off. */
  readonly clockToleranceMs: number;
  readonly requiredClaims: readonly string[];
  readonly maxTokenBytes: number;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

const MOST_REMEMBERED = 10_000;
/** Invented tokens must not become a flood at the authorization server. */
const MOST_UNDER_WAY = 256;

/** RFC 6750, section 2.1: what a bearer token may be made of. */
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Why a token does not hold. */
interface Refused {
  readonly kind: BadCredentialKind;
  readonly reason: string;
}

const INACTIVE: Refused = { kind: 'inactive', reason: 'the token is not active' };

interface Remembered {
  readonly identity: Identity;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/**
 * Asks authorization servers about opaque tokens (RFC 7662). Answers hold for a short while, those of tokens that are
 * not active in a memory of their own: a flood of invented tokens pushes out nobody who is known.
 */
export class Introspector {
  readonly #options: IntrospectorOptions;
  readonly #now: () => number;
  readonly #active = new LRUCache<string, Remembered>({ max: MOST_REMEMBERED });
  readonly #inactive = new LRUCache<string, Refused & { readonly until: number }>({
    max: MOST_REMEMBERED,
  });
  readonly #underWay = new SingleFlight<Identity>();

  constructor(options: IntrospectorOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Whom the token is known to stand for, without asking. */
  recall(token: string): Identity | undefined {
    if (token.length > this.#options.maxTokenBytes) return undefined;
    const known = this.#active.get(sha256(token));
    return known !== undefined && known.until > this.#now() ? known.identity : undefined;
  }

  /** Rejects with `BadCredential`, or with `AuthenticationUnavailable` when a server that was to be asked gave no answer. */
  verify(token: string): Promise<Identity> {
    const { maxTokenBytes } = this.#options;
    if (token.length > maxTokenBytes) {
      return Promise.reject(new BadCredential('malformed', `the token is longer than ${maxTokenBytes} bytes`));
    }
    if (!TOKEN68.test(token))
      return Promise.reject(new BadCredential('malformed', 'the token has characters that none may have'));
    const digest = sha256(token);
    const refused = this.#inactive.get(digest);
    if (refused !== undefined && refused.until > this.#now()) {
      return Promise.reject(new BadCredential(refused.kind, refused.reason));
    }
    if (this.#underWay.size >= MOST_UNDER_WAY && !this.#underWay.has(digest))
      return Promise.reject(new AuthenticationUnavailable('too many look-ups at a time'));
    return this.#underWay.run(digest, () => this.#ask(token, digest));
  }

  async #ask(token: string, digest: string): Promise<Identity> {
    let undecided: AuthenticationUnavailable | undefined;
    let refused = INACTIVE;
    for (const endpoint of this.#options.endpoints) {
      try {
        const { answer, exact } = await askEndpoint(endpoint, token);
        const refusal = answer.active ? this.#refusalOf(endpoint, answer) : INACTIVE;
        if (refusal === undefined) return this.#remember(digest, endpoint, answer, exact);
        refused = refusal;
      } catch (cause) {
        undecided ??= new AuthenticationUnavailable(`${endpoint.url} gave no answer: ${(cause as Error).message}`, {
          cause,
        });
      }
    }
    if (undecided) throw undecided;
    const shortest = Math.min(...this.#options.endpoints.map((endpoint) => endpoint.negative_cache));
    this.#inactive.set(digest, { ...refused, until: this.#now() + shortest });
    throw new BadCredential(refused.kind, refused.reason);
  }

  /** The server says that the token is active; that it is meant for this gateway is for the gateway to see to. */
  #refusalOf({ issuer, audience }: IntrospectionEndpoint, answer: IntrospectionResponse): Refused | undefined {
    const { clockToleranceMs, requiredClaims } = this.#options;
    const now = this.#now();
    if (answer.exp !== undefined && answer.exp * 1000 + clockToleranceMs <= now) {
      return { kind: 'expired', reason: 'the token has expired' };
    }
    if (answer.nbf !== undefined && answer.nbf * 1000 - clockToleranceMs > now) {
      return { kind: 'not_yet_valid', reason: 'the token is not valid yet' };
    }
    if (answer.iat !== undefined && answer.iat * 1000 - clockToleranceMs > now) {
      return { kind: 'not_yet_valid', reason: 'the token is issued in the future' };
    }
    if (issuer !== undefined && answer.iss !== issuer) return claims(`iss is ${JSON.stringify(answer.iss)}`);
    const audiences = [answer.aud ?? []].flat();
    if (audience !== undefined && !audiences.includes(audience)) return claims(`aud is ${JSON.stringify(answer.aud)}`);
    const absent = requiredClaims.find((claim) => answer[claim] === undefined);
    return absent === undefined ? undefined : claims(`the claim "${absent}" is missing`);
  }

  #remember(digest: string, endpoint: IntrospectionEndpoint, { exp }: IntrospectionResponse, exact: Claims): Identity {
    const identity = identityOfClaims('opaque', exact);
    const expiry = exp === undefined ? Number.POSITIVE_INFINITY : exp * 1000;
    this.#active.set(digest, { identity, until: Math.min(this.#now() + endpoint.cache, expiry) });
    return identity;
  }
}

type Claims = Readonly<Record<string, unknown>>;

interface Answer {
  readonly answer: IntrospectionResponse;
  /** The same, its numbers with all their digits. */
  readonly exact: Claims;
}

async function askEndpoint(endpoint: IntrospectionEndpoint, token: string): Promise<Answer> {
  const { url, client_id, timeout } = endpoint;
  const server = { issuer: endpoint.issuer ?? url, introspection_endpoint: url };
  const client = { client_id };
  const response = await introspectionRequest(server, client, clientAuth(endpoint), token, {
    // whoever configures an http:// URL, for a neighbour in the same pod, means it
    [allowInsecureRequests]: url.startsWith('http:'),
    signal: AbortSignal.timeout(timeout),
  });
  const text = (await response.clone().text()).trim();
  const answer = await processIntrospectionResponse(server, client, response);
  // RFC 9701: the answer may be a token itself
  const exact = text.startsWith('{') ? readClaims(text) : withPlainTimes(claimsOfToken(text).token_introspection);
  return { answer, exact };
}

function clientAuth({ client_auth, client_secret }: IntrospectionEndpoint): ClientAuth {
  const way = client_auth ?? (client_secret === undefined ? 'none' : 'basic');
  if (way === 'none') return None();
  return way === 'basic' ? ClientSecretBasic(client_secret ?? '') : ClientSecretPost(client_secret ?? '');
}

function claims(reason: string): Refused {
  return { kind: 'claims', reason };
}
