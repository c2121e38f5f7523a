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
import { deadlineSignal } from '../../shared/deadline.ts';
import { SingleFlight } from '../../shared/single-flight.ts';
import { subgraphUrlLabel } from '../../shared/subgraph-url.ts';
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

const MOST_CACHED = 10_000;
/** Protects the authorization server from a flood of invented tokens. */
const MOST_LOOKUPS = 256;

/** The characters of a bearer token (RFC 6750, section 2.1). */
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Why a token is rejected. */
interface Rejection {
  readonly kind: BadCredentialKind;
  readonly reason: string;
}

const INACTIVE: Rejection = { kind: 'inactive', reason: 'the token is not active' };

interface CachedToken {
  readonly identity: Identity;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/**
 * Checks opaque tokens with authorization servers (RFC 7662). Results are cached for a short time. Inactive tokens have a
 * cache of their own, so that a flood of invented tokens does not evict the valid ones.
 */
export class Introspector {
  readonly #options: IntrospectorOptions;
  readonly #now: () => number;
  readonly #active = new LRUCache<string, CachedToken>({ max: MOST_CACHED });
  readonly #inactive = new LRUCache<string, Rejection & { readonly until: number }>({
    max: MOST_CACHED,
  });
  readonly #underWay = new SingleFlight<Identity>();

  constructor(options: IntrospectorOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Returns the cached identity of a token, without a request to a server. */
  cachedIdentity(token: string): Identity | undefined {
    if (token.length > this.#options.maxTokenBytes) return undefined;
    const known = this.#active.get(sha256(token));
    return known !== undefined && known.until > this.#now() ? known.identity : undefined;
  }

  /** Rejects with `BadCredential`, or with `AuthenticationUnavailable` when a server could not be reached. */
  verify(token: string): Promise<Identity> {
    const { maxTokenBytes } = this.#options;
    if (token.length > maxTokenBytes) {
      return Promise.reject(new BadCredential('malformed', `the token is longer than ${maxTokenBytes} bytes`));
    }
    if (!TOKEN68.test(token))
      return Promise.reject(new BadCredential('malformed', 'the token has characters that are not allowed'));
    const digest = sha256(token);
    const rejection = this.#inactive.get(digest);
    if (rejection !== undefined && rejection.until > this.#now()) {
      return Promise.reject(new BadCredential(rejection.kind, rejection.reason));
    }
    if (this.#underWay.size >= MOST_LOOKUPS && !this.#underWay.has(digest))
      return Promise.reject(new AuthenticationUnavailable('too many concurrent token introspections'));
    return this.#underWay.run(digest, () => this.#lookUp(token, digest));
  }

  async #lookUp(token: string, digest: string): Promise<Identity> {
    let unavailable: AuthenticationUnavailable | undefined;
    let rejection = INACTIVE;
    for (const endpoint of this.#options.endpoints) {
      try {
        const { response, exact } = await introspect(endpoint, token);
        const problem = response.active ? this.#problemOf(endpoint, response) : INACTIVE;
        if (problem === undefined) return this.#remember(digest, endpoint, response, exact);
        rejection = problem;
      } catch (cause) {
        const place = subgraphUrlLabel(endpoint.url);
        unavailable ??= new AuthenticationUnavailable(`no response from ${place}: ${(cause as Error).message}`, {
          cause,
        });
      }
    }
    if (unavailable) throw unavailable;
    const shortest = Math.min(...this.#options.endpoints.map((endpoint) => endpoint.negative_cache));
    this.#inactive.set(digest, { ...rejection, until: this.#now() + shortest });
    throw new BadCredential(rejection.kind, rejection.reason);
  }

  /** Checks that an active token is valid now and meant for this gateway, which the server does not decide. */
  #problemOf({ issuer, audience }: IntrospectionEndpoint, response: IntrospectionResponse): Rejection | undefined {
    const { clockToleranceMs, requiredClaims } = this.#options;
    const now = this.#now();
    if (response.exp !== undefined && response.exp * 1000 + clockToleranceMs <= now) {
      return { kind: 'expired', reason: 'the token has expired' };
    }
    if (response.nbf !== undefined && response.nbf * 1000 - clockToleranceMs > now) {
      return { kind: 'not_yet_valid', reason: 'the token is not valid yet' };
    }
    if (response.iat !== undefined && response.iat * 1000 - clockToleranceMs > now) {
      return { kind: 'not_yet_valid', reason: 'the token was issued in the future' };
    }
    if (issuer !== undefined && response.iss !== issuer) return claims(`iss is ${JSON.stringify(response.iss)}`);
    const audiences = [response.aud ?? []].flat();
    if (audience !== undefined && !audiences.includes(audience))
      return claims(`aud is ${JSON.stringify(response.aud)}`);
    const absent = requiredClaims.find((claim) => response[claim] === undefined);
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

interface Introspected {
  readonly response: IntrospectionResponse;
  /** The same claims; numbers keep all their digits. */
  readonly exact: Claims;
}

async function introspect(endpoint: IntrospectionEndpoint, token: string): Promise<Introspected> {
  const { url, client_id, timeout } = endpoint;
  const server = { issuer: endpoint.issuer ?? url, introspection_endpoint: url };
  const client = { client_id };
  const httpResponse = await introspectionRequest(server, client, clientAuth(endpoint), token, {
    // an http:// URL is deliberate, such as for a server in the same pod
    [allowInsecureRequests]: url.startsWith('http:'),
    signal: deadlineSignal(timeout),
  });
  const text = (await httpResponse.clone().text()).trim();
  const response = await processIntrospectionResponse(server, client, httpResponse);
  // RFC 9701: the response may be a JWT itself
  const exact = text.startsWith('{') ? readClaims(text) : withPlainTimes(claimsOfToken(text).token_introspection);
  return { response, exact };
}

function clientAuth({ client_auth, client_secret }: IntrospectionEndpoint): ClientAuth {
  const method = client_auth ?? (client_secret === undefined ? 'none' : 'basic');
  if (method === 'none') return None();
  return method === 'basic' ? ClientSecretBasic(client_secret ?? '') : ClientSecretPost(client_secret ?? '');
}

function claims(reason: string): Rejection {
  return { kind: 'claims', reason };
}
