import cluster from 'node:cluster';
import type { Config } from '../config/config.ts';
import type { GraphqlRouteOptions } from '../graphql-http/route.ts';
import { Reservations } from '../graphql-http/single-connection/reservations.ts';
import type { WebSocketServerOptions } from '../graphql-http/websocket/websocket-server.ts';
import { QueuedBytes } from '../pipeline/queued-bytes.ts';
import { SubscriptionRunner } from '../pipeline/run-subscription.ts';
import type { ByteBudget } from '../shared/byte-budget.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import { requestFields } from '../telemetry/request-fields.ts';
import { checkSingleConnection } from './check-processes.ts';
import type { Gateway } from './generations.ts';
import { observeUpstreams } from './observe-upstreams.ts';

/** In how much of the time for stopping subscriptions end, and how long that is at most, in milliseconds. */
const DRAIN_SHARE = 0.4;
const LONGEST_DRAIN_MS = 10_000;

export interface SubscriptionDependencies {
  readonly instruments: Instruments | undefined;
  readonly budget: ByteBudget;
  readonly logger: Logger;
}

/** Opens what runs the subscriptions of clients; `undefined` where they are off. */
export function openSubscriptions(
  { subscription, shutdown }: Pick<Config, 'subscription' | 'shutdown'>,
  { engine }: Pick<Gateway, 'engine'>,
  { instruments, budget, logger }: SubscriptionDependencies,
): GraphqlRouteOptions['subscriptions'] {
  if (!subscription.enabled) return undefined;
  const { reconnect } = subscription;
  const of = instruments?.subscriptions;
  const drainMs = Math.min(LONGEST_DRAIN_MS, shutdown.grace * DRAIN_SHARE);
  const runner = new SubscriptionRunner({
    engine,
    settings: {
      maxOpened: subscription.max_opened_subscriptions,
      maxOpenedPerClient: subscription.max_opened_subscriptions_per_client,
      deduplicates: subscription.deduplication.enabled,
      queueCapacity: subscription.queue_capacity,
      overflow: subscription.queue_overflow,
      onDropped: of?.dropped,
      onFailed: observeUpstreams(logger, of?.upstreamFailed),
      queued: new QueuedBytes(budget),
      maxReconnects: reconnect.max_attempts,
      backoffBaseMs: reconnect.backoff.base,
      backoffMaxMs: reconnect.backoff.max,
      credentialCheckMs: subscription.credential_check_interval,
      drainMs,
    },
    onUndecided: (undecided) =>
      logger.warn({ ...undecided }, 'credentials of subscriptions could not be checked again; they go on'),
    onInternalError: (err, client) =>
      logger.error({ ...requestFields(client), err }, 'operation failed inside the gateway'),
    onOpened: of?.opened,
    onEnded: of?.ended,
  });
  of?.watchOpen(() => runner.openCount);
  const reservations = openReservations(subscription.single_connection, drainMs, budget);
  return { runner, reservations, heartbeatMs: subscription.heartbeat_interval, drainMs };
}

/** Opens the event streams of the single connection mode; `undefined` where they are off. Throws `ConfigValueError` for several processes. */
function openReservations(
  settings: Config['subscription']['single_connection'],
  drainMs: number,
  budget: ByteBudget,
): Reservations | undefined {
  checkSingleConnection(settings);
  if (!(settings.enabled ?? !cluster.isWorker)) return undefined;
  return new Reservations({
    maxReservations: settings.max_reservations,
    maxPerClient: settings.max_reservations_per_client,
    claimTimeoutMs: settings.claim_timeout,
    maxOperations: settings.max_operations,
    drainMs,
    budget,
  });
}

/** Returns the settings of the WebSockets of clients; `undefined` where they are off. */
export function webSocketSettings({
  websocket,
  subscription,
}: Pick<Config, 'websocket' | 'subscription'>): WebSocketServerOptions['settings'] | undefined {
  if (!websocket.enabled) return undefined;
  return {
    subprotocols: websocket.subprotocols,
    headers: websocket.headers,
    maxConnections: websocket.max_connections,
    maxOperations: websocket.max_operations,
    initTimeoutMs: websocket.init_timeout,
    pingMs: subscription.heartbeat_interval,
  };
}
