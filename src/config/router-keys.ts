const GRAPHIQL = 'GraphiQL is at /graphql, unless NODE_ENV=production.';
const HEALTH = 'Health is served beside /graphql, at /health and /ready.';
const IN_CODE =
  'Your own code runs in "yoga.plugins", in the module of "authorization.policies.module" and in shapes of endpoints.';

/**
 * Keys that Apollo Router has and Headgate has not, each with what to do instead; a name in double quotes is a key of
 * Headgate's. `docs/apollo-router.md` says the same as a table.
 */
export const ROUTER_KEYS: ReadonlyMap<string, string> = new Map([
  ['override_subgraph_url', 'Write "subgraphs.NAME.url".'],
  ['homepage', GRAPHIQL],
  ['sandbox', GRAPHIQL],
  ['supergraph.path', 'GraphQL is always at /graphql.'],
  ['health_check.listen', HEALTH],
  ['health_check.path', HEALTH],
  ['cors.origins', 'Write it into an entry of "cors.policies".'],
  ['cors.match_origins', 'Write it into an entry of "cors.policies".'],
  ['cors.allow_any_origin', 'Write an entry of "cors.policies" whose origins are ["*"].'],
  ['cors.allow_credentials', 'Write it into an entry of "cors.policies".'],
  ['authorization.require_authentication', 'Write "authentication.require_authentication".'],
  ['persisted_queries.local_manifests', 'Write "persisted_queries.manifest".'],
  ['apq.router', 'Write "apq.store"; the Redis is that of "store.redis".'],
  ['traffic_shaping.router.global_rate_limit', 'Write "rate_limits.requests".'],
  ['traffic_shaping.all.global_rate_limit', 'Write "rate_limits.subgraphs.NAME".'],
  ['tls.supergraph.certificate_chain', 'Put the chain into "tls.supergraph.certificate", below the certificate.'],
  ['telemetry.exporters', 'Metrics are "telemetry.metrics.prometheus", the log is "telemetry.logging".'],
  ['telemetry.apollo', 'Nothing is sent to Apollo: leave it out.'],
  ['coprocessor', IN_CODE],
  ['rhai', IN_CODE],
  ['plugins', IN_CODE],
  ['preview_entity_cache', 'Answers of endpoints are kept: "bff.cache".'],
  ['response_cache', 'Answers of endpoints are kept: "bff.cache".'],
]);
