import {
  type AuthorizationServer,
  allowInsecureRequests,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi';
import type { LoginSettings } from '../../config/sections/login.ts';
import { SingleFlight } from '../../shared/single-flight.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { ProviderUnavailable } from './provider-errors.ts';

const FRESH_MS = 3_600_000;
const RETRY_MS = 2_000;
/** An address that the provider may have given up is not used for longer. */
const LONGEST_MS = 24 * 3_600_000;

/**
 * Where a provider's endpoints are, by its discovery document. It is fetched when it is first needed, and again when it
 * is an hour old; all who wait share one fetch. When that fails the last good one goes on being used for a day, and for
 * two seconds nobody tries again.
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html
 */
export class ProviderDirectory {
  readonly #settings: Pick<LoginSettings, 'issuer' | 'timeout'>;
  readonly #logger: Logger;
  /** Milliseconds of a clock that never goes back. */
  readonly #now: () => number;
  #server: AuthorizationServer | undefined;
  #foundAt = Number.NEGATIVE_INFINITY;
  #nextAt = Number.NEGATIVE_INFINITY;
  #failure: ProviderUnavailable | undefined;
  readonly #fetching = new SingleFlight<AuthorizationServer>();

  constructor(
    settings: Pick<LoginSettings, 'issuer' | 'timeout'>,
    logger: Logger,
    now: () => number = () => performance.now(),
  ) {
    this.#settings = settings;
    this.#logger = logger;
    this.#now = now;
  }

  /** Rejects with `ProviderUnavailable` when the provider was not found for a day, or never. */
  async find(): Promise<AuthorizationServer> {
    if (this.#now() < this.#nextAt) {
      if (this.#server) return this.#server;
      if (this.#failure) throw this.#failure;
    }
    return this.#fetching.run(this.#settings.issuer, () => this.#fetch());
  }

  async #fetch(): Promise<AuthorizationServer> {
    const { issuer, timeout } = this.#settings;
    try {
      const url = new URL(issuer);
      const response = await discoveryRequest(url, {
        [allowInsecureRequests]: url.protocol === 'http:',
        signal: AbortSignal.timeout(timeout),
      });
      const server = checked(await processDiscoveryResponse(url, response));
      this.#server = server;
      this.#foundAt = this.#now();
      this.#nextAt = this.#now() + FRESH_MS;
      return server;
    } catch (error) {
      this.#failure = new ProviderUnavailable(`${issuer} was not found`, error);
      this.#nextAt = this.#now() + RETRY_MS;
      this.#logger.warn({ issuer, reason: this.#failure.message }, 'a login provider was not found');
      if (this.#now() - this.#foundAt > LONGEST_MS) this.#server = undefined;
      if (this.#server) return this.#server;
      throw this.#failure;
    }
  }
}

function checked(server: AuthorizationServer): AuthorizationServer {
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    if (server[name] === undefined) throw new Error(`its discovery document has no ${name}`);
  }
  return server;
}
