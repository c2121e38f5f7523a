import {
  type AuthorizationServer,
  allowInsecureRequests,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi';
import type { LoginSettings } from '../../config/sections/login.ts';
import { deadlineSignal } from '../../shared/deadline.ts';
import { SingleFlight } from '../../shared/single-flight.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { ProviderUnavailable } from './provider-errors.ts';

const FRESH_MS = 3_600_000;
const RETRY_MS = 2_000;
/** A discovery document is not used longer than this, since the provider may have moved. */
const LONGEST_MS = 24 * 3_600_000;

/**
 * The endpoints of a provider, from its discovery document. The document is fetched on first use, and again when it is an hour
 * old; concurrent callers share one fetch. If a fetch fails, the last good document stays in use for a day, and the next
 * attempt waits two seconds.
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html
 */
export class ProviderDirectory {
  readonly #settings: Pick<LoginSettings, 'issuer' | 'timeout'>;
  readonly #logger: Logger;
  /** Returns milliseconds of a monotonic clock. */
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

  /** Rejects with `ProviderUnavailable` if there is no document, or the last one is older than a day. */
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
        signal: deadlineSignal(timeout),
      });
      const server = checked(await processDiscoveryResponse(url, response));
      this.#server = server;
      this.#foundAt = this.#now();
      this.#nextAt = this.#now() + FRESH_MS;
      return server;
    } catch (error) {
      this.#failure = new ProviderUnavailable(`no discovery document from ${issuer}`, error);
      this.#nextAt = this.#now() + RETRY_MS;
      this.#logger.warn({ issuer, reason: this.#failure.message }, 'login provider unavailable');
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
