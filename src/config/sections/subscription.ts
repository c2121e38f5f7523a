import * as z from 'zod';
import { duration, timerDuration } from '../duration.ts';
import { callbackSection } from './subscription-callback.ts';

const path = z
  .string()
  .regex(/^\/\S*$/, 'expected a path such as "/ws"')
  .optional()
  .describe('The path of subscriptions at the host of the subgraph. Default: that of its URL');

const protocol = z
  .enum(['graphql_ws', 'subscriptions_transport_ws', 'sse', 'multipart'])
  .optional()
  .describe(
    'graphql_ws: WebSockets with the subprotocol graphql-transport-ws; subscriptions_transport_ws: with the older graphql-ws; sse: server-sent events, as of graphql-sse; multipart: multipart/mixed;subscriptionSpec=1.0. Default: graphql_ws',
  );

const initHeaders = z
  .boolean()
  .optional()
  .describe(
    'Whether the headers that rules send to the subgraph are also members of the payload of `connection_init`. Default: false',
  );

const singleConnection = z
  .strictObject({
    enabled: z
      .boolean()
      .optional()
      .describe(
        'Whether clients can get the events of all their operations over one connection, at `/graphql/stream`. Default: true with one process. Several processes cannot: each knows only its own streams',
      ),
    max_reservations: z
      .int()
      .positive()
      .default(10_000)
      .describe('Most of these streams, reserved or open, of one process; the error is SUBSCRIPTION_LIMIT_EXCEEDED'),
    max_reservations_per_client: z
      .int()
      .positive()
      .default(1_000)
      .describe('Most of them of one user, or of one address without credentials'),
    claim_timeout: timerDuration
      .prefault('30s')
      .describe('How long a reservation waits until the client opens its stream'),
    max_operations: z.int().positive().default(100).describe('Most operations of one stream at the same time'),
  })
  .prefault({})
  .describe('The single connection mode of server-sent events (graphql-sse)');

const idleTimeout = timerDuration
  .optional()
  .describe(
    'For sse and multipart: a stream on which nothing arrives for so long, no heartbeat either, is lost. Default: 1m, for streams that have had a heartbeat',
  );

const upstream = z.strictObject({
  path,
  protocol,
  connection_init_headers: initHeaders,
  idle_timeout: idleTimeout,
});

type Upstream = z.output<typeof upstream>;

export const subscriptionSection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Whether clients can subscribe; if not, subscriptions get an error, and WebSockets are refused'),
    mode: z
      .strictObject({
        passthrough: z
          .strictObject({
            all: upstream.prefault({}),
            subgraphs: z.record(z.string(), upstream).default({}),
          })
          .prefault({})
          .describe('How subgraphs send events: over WebSockets, or in a stream; `subgraphs.NAME` overrides `all`'),
        callback: callbackSection,
      })
      .prefault({}),
    deduplication: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe(
            'Whether identical subscriptions share one subscription at the subgraph, and what is fetched for its events',
          ),
      })
      .prefault({})
      .describe('Whether identical subscriptions of clients share one subscription to the subgraph, and its events'),
    max_opened_subscriptions: z
      .int()
      .positive()
      .optional()
      .describe('Most open subscriptions of one process; the error is SUBSCRIPTION_LIMIT_EXCEEDED. Default: no limit'),
    max_opened_subscriptions_per_client: z
      .int()
      .positive()
      .optional()
      .describe(
        'Most open subscriptions of one user, or of one address without credentials, in one process; the error is SUBSCRIPTION_LIMIT_EXCEEDED. Default: no limit',
      ),
    queue_capacity: z
      .int()
      .positive()
      .default(128)
      .describe('Most events of a subscription that wait to be processed, and most that wait for its client'),
    queue_overflow: z
      .enum(['close', 'drop_oldest', 'coalesce'])
      .default('close')
      .describe(
        'close: a further event ends the subscription with SUBSCRIPTION_QUEUE_FULL; drop_oldest: it replaces the oldest; coalesce: only the newest event waits, whatever queue_capacity is',
      ),
    single_connection: singleConnection,
    credential_check_interval: timerDuration
      .prefault('30s')
      .describe(
        'How often the sessions, tokens and API keys of running subscriptions are checked again; those that are no longer accepted end with SUBSCRIPTION_TOKEN_EXPIRED',
      ),
    heartbeat_interval: timerDuration
      .prefault('10s')
      .describe(
        'How often silent streams get a heartbeat, and WebSockets a ping. A WebSocket without an answer is closed',
      ),
    reconnect: z
      .strictObject({
        max_attempts: z
          .int()
          .nonnegative()
          .default(5)
          .describe(
            'How often a lost connection to a subgraph is opened again; then the error is SUBSCRIPTION_CONNECTION_LOST',
          ),
        backoff: z
          .strictObject({
            base: duration
              .prefault('500ms')
              .describe('The longest wait before the first attempt; it doubles with each'),
            max: timerDuration.prefault('30s').describe('The longest wait before any attempt'),
          })
          .prefault({}),
      })
      .prefault({}),
  })
  .superRefine(({ mode: { passthrough, callback } }, context) => {
    for (const { path: at, message } of unusedKeys(passthrough))
      context.addIssue({ code: 'custom', path: ['mode', 'passthrough', ...at], message });
    for (const [index, name] of callback?.subgraphs.entries() ?? []) {
      if (!Object.hasOwn(passthrough.subgraphs, name)) continue;
      const message = `"${name}" is in subscription.mode.passthrough.subgraphs, too: remove one of them`;
      context.addIssue({ code: 'custom', path: ['mode', 'callback', 'subgraphs', index], message });
    }
  })
  .describe('Subscriptions');

export type SubscriptionSection = z.output<typeof subscriptionSection>;

/** How subscriptions of a subgraph are opened: its own settings over `all`. */
export function upstreamSettings({ mode: { passthrough } }: Pick<SubscriptionSection, 'mode'>, subgraph: string) {
  const { all, subgraphs } = passthrough;
  const own = Object.hasOwn(subgraphs, subgraph) ? subgraphs[subgraph] : undefined;
  return {
    path: own?.path ?? all.path,
    protocol: own?.protocol ?? all.protocol ?? 'graphql_ws',
    sendsInitPayload: own?.connection_init_headers ?? all.connection_init_headers ?? false,
    idleMs: own?.idle_timeout ?? all.idle_timeout,
  } as const;
}

/** Returns whether a subgraph sends its events in callbacks. */
export function usesCallbacks(
  { mode: { passthrough, callback } }: Pick<SubscriptionSection, 'mode'>,
  subgraph: string,
): boolean {
  if (callback === undefined) return false;
  const { subgraphs } = callback;
  return subgraphs.length > 0 ? subgraphs.includes(subgraph) : !Object.hasOwn(passthrough.subgraphs, subgraph);
}

/** Keys that are for one kind of protocol only. */
const ONLY_FOR = {
  connection_init_headers: ['graphql_ws', 'subscriptions_transport_ws'],
  idle_timeout: ['sse', 'multipart'],
} as const;

interface UnusedKey {
  readonly path: readonly string[];
  readonly message: string;
}

/** Returns settings that the protocol does not have. One of `all` may be for some subgraphs only. */
function unusedKeys({ all, subgraphs }: SubscriptionSection['mode']['passthrough']): UnusedKey[] {
  const unused: UnusedKey[] = [];
  const others = Object.values(subgraphs);
  for (const [key, protocols] of Object.entries(ONLY_FOR) as [keyof typeof ONLY_FOR, readonly string[]][]) {
    const isUnused = (upstreams: readonly Upstream[]) =>
      upstreams.every((one) => !protocols.includes(one.protocol ?? all.protocol ?? 'graphql_ws'));
    const message = `is only for the protocols ${protocols.join(' and ')}: remove it, or set \`protocol\``;
    if (all[key] && isUnused([all, ...others])) unused.push({ path: ['all', key], message });
    for (const [name, own] of Object.entries(subgraphs))
      if (own[key] && isUnused([own])) unused.push({ path: ['subgraphs', name, key], message });
  }
  return unused;
}
