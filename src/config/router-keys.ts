const GRAPHIQL = 'GraphiQL is at /graphql, unless NODE_ENV=production.';
const HEALTH = 'Health checks are at /health and /ready, on the same port as /graphql.';
const OTLP = 'Traces are sent by "telemetry.exporters.tracing.otlp".';
const NO_EVENTS = 'Spans have no events, and their links no attributes: remove it.';
const PROPAGATION =
  'Use "telemetry.exporters.tracing.propagation.trace_context" or "telemetry.exporters.tracing.propagation.zipkin".';
const IN_CODE =
  'Your own code runs in "plugins", in a "coprocessor", in "yoga.plugins", in the module of "authorization.policies.module" and in response shapes of endpoints.';

/**
 * Keys of Apollo Router that Headgate does not have, with what to use instead. Names in double quotes are keys of Headgate.
 * `docs/apollo-router.md` has the same table.
 */
export const ROUTER_KEYS: ReadonlyMap<string, string> = new Map([
  ['override_subgraph_url', 'Write "subgraphs.NAME.url".'],
  ['homepage', GRAPHIQL],
  ['sandbox', GRAPHIQL],
  ['supergraph.path', 'GraphQL is always at /graphql.'],
  ['supergraph.defer_support', 'Write "defer.enabled".'],
  ['health_check.listen', HEALTH],
  ['health_check.path', HEALTH],
  ['health_check.readiness', '/ready has no thresholds: remove it.'],
  ['cors.origins', 'Move it into an entry of "cors.policies".'],
  ['cors.match_origins', 'Move it into an entry of "cors.policies".'],
  ['cors.allow_any_origin', 'Use an entry of "cors.policies" with the origins ["*"].'],
  ['cors.allow_credentials', 'Move it into an entry of "cors.policies".'],
  ['authorization.require_authentication', 'Write "authentication.require_authentication".'],
  ['persisted_queries.local_manifests', 'Write "persisted_queries.manifest".'],
  ['apq.router', 'Write "apq.store"; it uses the Redis of "store.redis".'],
  ['traffic_shaping.router.global_rate_limit', 'Write "rate_limits.requests".'],
  ['traffic_shaping.router.concurrency_limit', 'Write "traffic_shaping.router.adaptive_concurrency.max".'],
  ['traffic_shaping.all.global_rate_limit', 'Write "rate_limits.subgraphs.NAME".'],
  ['traffic_shaping.all.dns_resolution_strategy', 'All addresses of a host are used: remove it.'],
  ['traffic_shaping.connector', 'Write "traffic_shaping.subgraphs.NAME", which applies to REST APIs, too.'],
  ['traffic_shaping.deduplicate_variables', 'Equal entities are always sent once: remove it.'],
  ['traffic_shaping.all.experimental_http2', 'Write "traffic_shaping.all.http2".'],
  ['traffic_shaping.all.experimental_retry', 'Write "traffic_shaping.all.retry".'],
  ['traffic_shaping.all.retry.min_per_sec', 'Write "traffic_shaping.all.retry.budget.min_per_second".'],
  ['traffic_shaping.all.retry.retry_percent', 'Write "traffic_shaping.all.retry.budget.share", such as 20%.'],
  ['traffic_shaping.all.retry.ttl', 'Write "traffic_shaping.all.retry.budget.window".'],
  ['traffic_shaping.all.retry.retry_mutations', 'Mutations are sent again only if there was no connection.'],
  ['tls.supergraph.certificate_chain', 'Put the chain into "tls.supergraph.certificate", below the certificate.'],
  ['authentication.subgraph.all.aws_sig_v4', 'Use "authentication.subgraph.all.http_message_signature" (RFC 9421).'],
  ['batching.subgraph', 'Subgraphs get no batches: remove it.'],
  ['limits.introspection_max_depth', 'The size of introspection is always limited: remove it.'],
  ['telemetry.exporters.logging', 'Write "telemetry.logging".'],
  [
    'telemetry.exporters.metrics.common.service_namespace',
    'Write "telemetry.exporters.metrics.common.resource", with the attribute service.namespace.',
  ],
  [
    'telemetry.exporters.metrics.common.views',
    'Durations have the buckets of "telemetry.exporters.metrics.common.buckets"; "telemetry.metrics" has the labels.',
  ],
  [
    'telemetry.exporters.metrics.prometheus.resource_selector',
    'Attributes of the process are in OTLP only: remove it.',
  ],
  ['telemetry.exporters.metrics.prometheus.temporality', 'Counts for Prometheus are always cumulative: remove it.'],
  [
    'telemetry.exporters.metrics.otlp.batch_processor',
    'Write "telemetry.exporters.metrics.otlp.interval" and "telemetry.exporters.metrics.otlp.timeout".',
  ],
  ['telemetry.exporters.metrics.otlp.http', 'Write "telemetry.exporters.metrics.otlp.headers".'],
  [
    'telemetry.exporters.metrics.otlp.grpc',
    'gRPC is not supported: remove it, and use the port 4318 of the collector.',
  ],
  ['telemetry.exporters.tracing.zipkin', OTLP],
  ['telemetry.exporters.tracing.datadog', OTLP],
  [
    'telemetry.exporters.tracing.experimental_response_trace_id',
    'The trace id is in the access log, as traceId, and no header of the response has it: remove it.',
  ],
  [
    'telemetry.exporters.tracing.otlp.grpc',
    'gRPC is not supported. Write "telemetry.exporters.tracing.otlp.endpoint" with port 4318 of the collector.',
  ],
  [
    'telemetry.exporters.tracing.otlp.batch_processor.max_concurrent_exports',
    'One batch is sent after the other: remove it.',
  ],
  ['telemetry.exporters.tracing.common.max_events_per_span', NO_EVENTS],
  ['telemetry.exporters.tracing.common.max_attributes_per_event', NO_EVENTS],
  ['telemetry.exporters.tracing.common.max_attributes_per_link', NO_EVENTS],
  ['telemetry.exporters.tracing.propagation.jaeger', PROPAGATION],
  ['telemetry.exporters.tracing.propagation.datadog', PROPAGATION],
  ['telemetry.exporters.tracing.propagation.aws_xray', PROPAGATION],
  [
    'telemetry.instrumentation',
    'What spans have is fixed: remove it. "telemetry.metrics" has the labels of metrics, "telemetry.access_log" the fields of the log, "telemetry.exporters.tracing.common.graphql_document" the text of operations.',
  ],
  [
    'telemetry.apollo',
    'Nothing is sent to Apollo: remove it. For client_name_header, write "telemetry.client_awareness.name_headers". For the usage of fields, write "usage".',
  ],
  ['coprocessor.client', 'Connections to the coprocessor use HTTP/1.1: remove it.'],
  ['coprocessor.connector', 'Write "coprocessor.subgraph.all": its stages are called for fetches of REST APIs, too.'],
  ['coprocessor.execution.request.query_plan', 'Query plans are not sent: remove it.'],
  ['subscription.mode.preview_callback', 'Write "subscription.mode.callback".'],
  [
    'subscription.mode.callback.listen',
    'Callbacks arrive at the port for clients, "supergraph.listen": remove it, and let "subscription.mode.callback.public_url" lead there.',
  ],
  ['subscription.mode.passthrough.all.heartbeat_interval', 'Write "subscription.heartbeat_interval".'],
  ['subscription.enable_deduplication', 'Write "subscription.deduplication.enabled".'],
  ['subscription.deduplication.ignored_headers', 'Only headers that are sent or read count: remove it.'],
  ['rhai', IN_CODE],
  ['preview_file_uploads', 'Write "file_upload".'],
  ['file_upload.protocols', 'Write the limits into "file_upload": there is one protocol.'],
  ['preview_entity_cache', 'Write "response_cache".'],
  ['response_cache.subgraph.all.redis', 'Write "response_cache.redis"; it uses the Redis of "store.redis".'],
  ['response_cache.subgraph.all.invalidation', 'Write "response_cache.invalidation.shared_key".'],
  ['response_cache.invalidation.listen', 'It is at "admin.listen".'],
  ['response_cache.debug', 'The admin API lists what is cached: GET /admin/cache.'],
]);
