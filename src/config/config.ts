import * as z from 'zod';
import type { KeyRename } from './renamed-keys.ts';
import { adminSection } from './sections/admin.ts';
import { apiKeysSection } from './sections/api-keys.ts';
import { authenticationSection } from './sections/authentication.ts';
import { authorizationSection } from './sections/authorization.ts';
import { batchingSection } from './sections/batching.ts';
import { bffSection } from './sections/bff.ts';
import { cacheControlSection } from './sections/cache-control.ts';
import { connectorsSection } from './sections/connectors.ts';
import { contractsSection } from './sections/contracts.ts';
import { coprocessorSection } from './sections/coprocessor.ts';
import { corsSection } from './sections/cors.ts';
import { csrfSection } from './sections/csrf.ts';
import { debugSection } from './sections/debug.ts';
import { deferSection } from './sections/defer.ts';
import { demandControlSection } from './sections/demand-control.ts';
import { eventsSection } from './sections/events.ts';
import { fileUploadSection } from './sections/file-upload.ts';
import { headersSection } from './sections/headers.ts';
import { healthCheckSection } from './sections/health-check.ts';
import { includeSubgraphErrorsSection } from './sections/include-subgraph-errors.ts';
import { introspectionEndpointsSection } from './sections/introspection-endpoints.ts';
import { ipListsSection } from './sections/ip-lists.ts';
import { limitsSection } from './sections/limits.ts';
import { loginSection } from './sections/login.ts';
import { prometheusSettings } from './sections/metrics.ts';
import { overrideLabelsSection } from './sections/override-labels.ts';
import { pathPrefixSection } from './sections/path-prefix.ts';
import { apqSection, persistedQueriesSection } from './sections/persisted-queries.ts';
import { pluginsSection } from './sections/plugins.ts';
import { rateLimitsSection } from './sections/rate-limits.ts';
import { responseCacheSection } from './sections/response-cache.ts';
import { responseCacheIssues } from './sections/response-cache-issues.ts';
import { securityHeadersSection } from './sections/security-headers.ts';
import { shutdownSection } from './sections/shutdown.ts';
import { storeSection } from './sections/store.ts';
import { subgraphsSection } from './sections/subgraphs.ts';
import { subscriptionSection } from './sections/subscription.ts';
import { supergraphSection } from './sections/supergraph.ts';
import { telemetrySection } from './sections/telemetry.ts';
import { tlsSection } from './sections/tls.ts';
import { trafficShapingSection } from './sections/traffic-shaping.ts';
import { trustedProxiesSection } from './sections/trusted-proxies.ts';
import { usageSection } from './sections/usage.ts';
import { websocketSection } from './sections/websocket.ts';
import { workersSection } from './sections/workers.ts';
import { yogaSection } from './sections/yoga.ts';

/** The schema of `headgate.yaml`. Types, validation and the published JSON schema are derived from it. */
export const configFileSchema = z
  .strictObject({
    supergraph: supergraphSection.prefault({}),
    path_prefix: pathPrefixSection.optional(),
    traffic_shaping: trafficShapingSection.prefault({}),
    limits: limitsSection.prefault({}),
    telemetry: telemetrySection.prefault({}),
    admin: adminSection.prefault({}),
    include_subgraph_errors: includeSubgraphErrorsSection.prefault({}),
    subgraphs: subgraphsSection.default({}),
    login: loginSection.default({}),
    override_labels: overrideLabelsSection.prefault({}),
    contracts: contractsSection.default([]),
    connectors: connectorsSection.prefault({}),
    bff: bffSection.prefault({}),
    cache_control: cacheControlSection.prefault({}),
    response_cache: responseCacheSection.prefault({}),
    health_check: healthCheckSection.prefault({}),
    shutdown: shutdownSection.prefault({}),
    workers: workersSection.prefault({}),
    headers: headersSection.prefault({}),
    authentication: authenticationSection.prefault({}),
    authorization: authorizationSection.prefault({}),
    demand_control: demandControlSection.prefault({}),
    debug: debugSection.prefault({}),
    api_keys: apiKeysSection.optional(),
    introspection_endpoints: introspectionEndpointsSection.default([]),
    tls: tlsSection.prefault({}),
    trusted_proxies: trustedProxiesSection.optional(),
    store: storeSection.prefault({}),
    rate_limits: rateLimitsSection.prefault({}),
    persisted_queries: persistedQueriesSection.prefault({}),
    apq: apqSection.prefault({}),
    batching: batchingSection.prefault({}),
    defer: deferSection.prefault({}),
    file_upload: fileUploadSection.prefault({}),
    csrf: csrfSection.prefault({}),
    cors: corsSection.prefault({}),
    ip_lists: ipListsSection.prefault({}),
    security_headers: securityHeadersSection.prefault({}),
    plugins: pluginsSection.default([]),
    usage: usageSection.prefault({}),
    coprocessor: coprocessorSection.optional(),
    yoga: yogaSection.prefault({}),
    subscription: subscriptionSection.prefault({}),
    websocket: websocketSection.prefault({}),
    events: eventsSection.default({}),
  })
  .superRefine((config, context) => {
    for (const issue of responseCacheIssues(config)) context.addIssue({ code: 'custom', ...issue });
  })
  .superRefine(({ admin, telemetry }, context) => {
    const { listen, key } = prometheusSettings({ telemetry });
    if (admin.listen === undefined || listen === undefined) return;
    const message = `cannot be used together with \`${key}.listen\`: they are two names of one key`;
    context.addIssue({ code: 'custom', path: ['admin', 'listen'], message });
  })
  .meta({ title: 'headgate.yaml', description: 'Configuration of the Headgate GraphQL gateway' });

export type FileConfig = z.output<typeof configFileSchema>;

/** The effective configuration: the file with flags, environment and defaults applied. Keys are named as in the file. */
export interface Config extends FileConfig {
  readonly supergraph: FileConfig['supergraph'] & {
    /** Whether clients may introspect. Always set here. */
    readonly introspection: boolean;
  };
  /** `NODE_ENV=production`: GraphiQL is off, and introspection unless it is enabled. */
  readonly production: boolean;
  /** The path of the config file, for messages; `undefined` without one. */
  readonly file?: string | undefined;
  /** Keys that the file has under their old names. */
  readonly renamed_keys?: readonly KeyRename[] | undefined;
}

/** Returns the JSON schema of `headgate.yaml`, for editors (`headgate config schema`). */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configFileSchema, {
    io: 'input',
    // Zod leaves out defaults of values that it transforms; those of the config are as the file has them
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (def.type === 'default') jsonSchema.default ??= structuredClone(def.defaultValue) as typeof jsonSchema.default;
    },
  }) as Record<string, unknown>;
}
