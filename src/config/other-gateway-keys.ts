import { ROUTER_KEYS } from './router-keys.ts';

const OFF = 'To switch it off, write';
const NO_ENABLED = (group: string) =>
  `A group that is there is on: remove the key. ${OFF} "traffic_shaping.all.${group}: false".`;
const ONE_TIMEOUT = '"traffic_shaping.all.timeout" and "traffic_shaping.all.try_timeout" include it.';
const OWN_PROBES = 'Headgate closes connections after "traffic_shaping.all.pool.keep_alive" instead.';
const PER_URL = 'Write "traffic_shaping.all.pool.connections", for each URL.';
const IN_POLICY = 'Move it into an entry of "cors.policies".';
const NO_REGISTRY = 'Schemas are in schemas/, or in the file of --supergraph: remove it.';
const HEALTH = 'Health checks are at /health and /ready, on the same port as /graphql.';

/**
 * Keys of Cosmo Router, Hive Router and Hive Gateway, about traffic and in common configs, that Headgate does not have, with what to use instead, as in
 * `ROUTER_KEYS`. Keys of `traffic_shaping.all` are keys of `traffic_shaping.subgraphs.NAME`, too. `docs/cosmo-and-hive.md` has the same table.
 */
export const OTHER_GATEWAY_KEYS: ReadonlyMap<string, string> = new Map([
  // Cosmo Router
  ['traffic_shaping.all.request_timeout', 'Write "traffic_shaping.all.timeout".'],
  ['traffic_shaping.all.dial_timeout', 'Write "traffic_shaping.all.connect_timeout".'],
  ['traffic_shaping.all.tls_handshake_timeout', '"traffic_shaping.all.connect_timeout" includes it.'],
  ['traffic_shaping.all.response_header_timeout', ONE_TIMEOUT],
  ['traffic_shaping.all.expect_continue_timeout', ONE_TIMEOUT],
  ['traffic_shaping.all.keep_alive_idle_timeout', 'Write "traffic_shaping.all.pool.keep_alive".'],
  ['traffic_shaping.all.keep_alive_probe_interval', OWN_PROBES],
  ['traffic_shaping.all.max_conns_per_host', PER_URL],
  ['traffic_shaping.all.max_idle_conns_per_host', PER_URL],
  ['traffic_shaping.all.max_idle_conns', PER_URL],
  ['traffic_shaping.all.retry.enabled', NO_ENABLED('retry')],
  ['traffic_shaping.all.retry.algorithm', 'It is always a random time with a maximum that doubles: remove it.'],
  ['traffic_shaping.all.retry.interval', 'Write "traffic_shaping.all.retry.backoff.base".'],
  ['traffic_shaping.all.retry.max_duration', 'Write "traffic_shaping.all.retry.backoff.max".'],
  ['traffic_shaping.all.retry.expression', 'Write "traffic_shaping.all.retry.on": a list of conditions.'],
  ['traffic_shaping.all.circuit_breaker.enabled', NO_ENABLED('circuit_breaker')],
  [
    'traffic_shaping.all.circuit_breaker.error_threshold_percentage',
    'Write "traffic_shaping.all.circuit_breaker.error_threshold", such as 50%.',
  ],
  [
    'traffic_shaping.all.circuit_breaker.request_threshold',
    'Write "traffic_shaping.all.circuit_breaker.volume_threshold".',
  ],
  ['traffic_shaping.all.circuit_breaker.sleep_window', 'Write "traffic_shaping.all.circuit_breaker.reset_timeout".'],
  [
    'traffic_shaping.all.circuit_breaker.required_successful',
    'All calls of "traffic_shaping.all.circuit_breaker.half_open_attempts" have to succeed.',
  ],
  ['traffic_shaping.all.circuit_breaker.rolling_duration', 'Write "traffic_shaping.all.circuit_breaker.window".'],
  [
    'traffic_shaping.all.circuit_breaker.num_buckets',
    '"traffic_shaping.all.circuit_breaker.window" always has ten slices: remove it.',
  ],
  [
    'traffic_shaping.all.circuit_breaker.execution_timeout',
    'Write "traffic_shaping.all.circuit_breaker.slow_threshold".',
  ],
  ['traffic_shaping.all.circuit_breaker.max_concurrent_requests', 'Write "traffic_shaping.all.concurrency.max".'],
  ['traffic_shaping.router.max_request_body_size', 'Write "limits.http_max_request_bytes".'],
  ['traffic_shaping.router.max_header_bytes', 'All headers together may have 16 KiB: remove it.'],
  ['traffic_shaping.router.decompression_enabled', 'Request bodies are always decompressed: remove it.'],
  ['version', 'The file has no version: remove it.'],
  ['listen_addr', 'Write "supergraph.listen".'],
  ['graphql_path', 'GraphQL is always at /graphql.'],
  ['log_level', 'Write "telemetry.logging.level".'],
  ['dev_mode', 'What helps in development is on, unless NODE_ENV=production: remove it.'],
  ['introspection_enabled', 'Write "supergraph.introspection".'],
  ['playground_enabled', 'GraphiQL is at /graphql, unless NODE_ENV=production.'],
  ['graph', NO_REGISTRY],
  ['execution_config', NO_REGISTRY],
  ['poll_interval', NO_REGISTRY],
  ['storage_providers', NO_REGISTRY],
  ['security', 'Write "limits".'],
  ['cors.enabled', 'CORS is on with "cors.policies": remove the key.'],
  ['cors.allow_origins', IN_POLICY],
  ['cors.allow_methods', IN_POLICY],
  ['cors.allow_headers', IN_POLICY],
  ['cors.max_age', IN_POLICY],
  ['telemetry.metrics.prometheus.listen_addr', 'Write "telemetry.exporters.metrics.prometheus.listen".'],
  ['telemetry.metrics.prometheus.exclude_metrics', 'Leave them out in the scrape config of Prometheus: remove it.'],
  ['telemetry.metrics.prometheus.exclude_metric_labels', '"telemetry.metrics" switches labels on and off.'],
  ['telemetry.metrics.otlp', 'Write "telemetry.exporters.metrics.otlp".'],
  ['telemetry.metrics.attributes', '"telemetry.metrics" has the labels: remove it.'],
  ['telemetry.tracing.enabled', 'Write "telemetry.exporters.tracing.otlp.enabled".'],
  ['telemetry.tracing.exporters', 'Write "telemetry.exporters.tracing.otlp".'],
  ['telemetry.tracing.propagation', 'Write "telemetry.exporters.tracing.propagation".'],
  ['telemetry.tracing.collect', 'Write "telemetry.exporters.tracing.common".'],
  ['telemetry.tracing.sampling_rate', 'Write "telemetry.exporters.tracing.common.sampler".'],
  [
    'telemetry.service_name',
    'Write "telemetry.exporters.tracing.common.service_name" or "telemetry.exporters.metrics.common.service_name".',
  ],
  [
    'telemetry.resource_attributes',
    'Write "telemetry.exporters.tracing.common.resource" or "telemetry.exporters.metrics.common.resource".',
  ],
  ['tls.client', 'Write "tls.subgraph".'],
  ['tls.server', 'Write "tls.supergraph".'],
  ['override_routing_url', 'Write "subgraphs.NAME.url".'],
  ['shutdown_delay', 'Write "shutdown.delay".'],
  ['grace_period', 'Write "shutdown.grace".'],
  ['health_check_path', HEALTH],
  ['readiness_check_path', HEALTH],
  ['liveness_check_path', HEALTH],
  // Hive Router
  ['traffic_shaping.all.dedupe_enabled', 'Write "traffic_shaping.all.deduplicate_query".'],
  ['traffic_shaping.all.pool_idle_timeout', 'Write "traffic_shaping.all.pool.keep_alive".'],
  ['traffic_shaping.max_connections_per_host', PER_URL],
  ['traffic_shaping.router.dedupe', 'Write "traffic_shaping.router.deduplicate_query".'],
  ['traffic_shaping.router.request_timeout', 'Write "traffic_shaping.router.timeout".'],
  ['override_subgraph_urls', 'Write "subgraphs.NAME.url".'],
  ['telemetry.metrics.exporters', 'Write "telemetry.exporters.metrics".'],
  // Hive Gateway
  ['openTelemetry', 'Write "telemetry.exporters.tracing".'],
  ['prometheus', 'Write "telemetry.exporters.metrics.prometheus".'],
  ['upstreamRetry', 'Write "traffic_shaping.all.retry".'],
  ['upstreamTimeout', 'Write "traffic_shaping.all.timeout".'],
  ['requestTimeout', 'Write "traffic_shaping.router.timeout".'],
]);

const OF_ALL = 'traffic_shaping.all.';

/** Returns what to write instead of a key of another gateway; `undefined` for a key that none of them has. */
export function hintForOtherGateway(path: readonly PropertyKey[]): string | undefined {
  const [section, group, name, ...rest] = path.map(String);
  if (section !== 'traffic_shaping' || group !== 'subgraphs' || rest.length === 0) return hintOf(path.join('.'));
  return hintOf(`${OF_ALL}${rest.join('.')}`)?.replaceAll(OF_ALL, `traffic_shaping.subgraphs.${name}.`);
}

function hintOf(key: string): string | undefined {
  return ROUTER_KEYS.get(key) ?? OTHER_GATEWAY_KEYS.get(key);
}
