import type { ClientInfo, Identity } from '../../client/identity.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import type { AdaptiveLimit } from './adaptive-limit.ts';

/** The clients whose requests are refused last. Verified credentials decide, so no client can raise its own priority. */
export interface PrioritisedClients {
  /** Owners of API keys, and OAuth clients. */
  readonly clients: readonly string[];
  /** Plans of API keys. */
  readonly plans: readonly string[];
  readonly scopes: readonly string[];
}

export interface AdmissionOptions {
  readonly limit: AdaptiveLimit;
  readonly priority: PrioritisedClients;
  /** Called for each refused request. */
  readonly onRefused?: (() => void) | undefined;
}

/** The place of a request in progress. */
export interface Place {
  /** Gives the place to other requests. Later calls do nothing. */
  leave(): void;
}

/** Decides which requests may begin while the gateway is busy. */
export interface AdmissionControl {
  /**
   * Counts a request in progress. Throws `GatewayError` 503 `OVERLOADED` when there are too many.
   * @param isMutation called only where that decides
   */
  enter(client: Pick<ClientInfo, 'identity'> | undefined, isMutation: () => boolean): Place;
}

/** Creates the admission of requests by a limit. Mutations and prioritised clients may use all of it, others a part. */
export function createAdmission({ limit, priority, onRefused }: AdmissionOptions): AdmissionControl {
  const hasPriority = priorityOf(priority);
  // one for all requests: a stack would take a large part of the time of a refusal
  const refusal = overloaded();
  return {
    enter(client, isMutation) {
      const hasRoom = limit.hasRoom(false) || (limit.hasRoom(true) && (hasPriority(client?.identity) || isMutation()));
      if (!hasRoom) {
        limit.refuse();
        onRefused?.();
        throw refusal;
      }
      limit.enter();
      return new OpenPlace(limit);
    },
  };
}

class OpenPlace implements Place {
  #limit: AdaptiveLimit | undefined;

  constructor(limit: AdaptiveLimit) {
    this.#limit = limit;
  }

  leave(): void {
    this.#limit?.leave();
    this.#limit = undefined;
  }
}

function priorityOf(prioritised: PrioritisedClients): (identity: Identity | undefined) => boolean {
  const clients = new Set(prioritised.clients);
  const plans = new Set(prioritised.plans);
  const scopes = new Set(prioritised.scopes);
  const isIn = (names: ReadonlySet<string>, name: string | undefined) => name !== undefined && names.has(name);
  return (identity) =>
    identity !== undefined &&
    (isIn(clients, identity.clientId) ||
      isIn(clients, identity.apiKeyOwner) ||
      isIn(plans, identity.plan) ||
      identity.scopes.some((scope) => scopes.has(scope)));
}

/** In seconds. An overload that lasts longer refuses the next request, too. */
const RETRY_AFTER = '1';

function overloaded(): GatewayError {
  // headers that a rule copied from a subgraph response do not apply to this response
  const headers = { 'retry-after': RETRY_AFTER, 'cache-control': 'no-store' };
  return new GatewayError(503, 'OVERLOADED', 'The gateway is overloaded. Try again in a moment.', { headers });
}
