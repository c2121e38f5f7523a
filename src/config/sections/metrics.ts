import * as z from 'zod';
import { timerDuration } from '../duration.ts';
import { headerName, headerValue } from '../header.ts';
import { hasNoCredentials } from '../http-url.ts';
import { listenAddress } from '../listen.ts';

/** Upper bounds in seconds: from one millisecond to half a minute. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const isAscending = (bounds: readonly number[]) =>
  bounds.every((bound, at) => at === 0 || bound > (bounds[at - 1] ?? 0));

const prometheus = z.strictObject({
  enabled: z.boolean().default(false).describe('Whether metrics are collected, and served on the admin listener'),
  listen: listenAddress
    .optional()
    .describe('Another name for `admin.listen`, the HOST:PORT of the admin listener. Default: 127.0.0.1:9090'),
  path: z
    .string()
    .regex(/^\/[\w./-]*$/, 'expected a path, for example "/metrics"')
    .default('/metrics')
    .describe('The path of the metrics on the admin listener'),
});

const resource = z
  .record(z.string().min(1), z.string())
  .default({})
  .describe(
    'Attributes of the process, such as "deployment.environment.name", beside those of OTEL_RESOURCE_ATTRIBUTES',
  );

const common = z
  .strictObject({
    service_name: z
      .string()
      .min(1)
      .optional()
      .describe('The attribute `service.name` in OTLP. Default: headgate (env: OTEL_SERVICE_NAME)'),
    resource,
    buckets: z
      .array(z.number().positive())
      .min(1)
      .max(50)
      .refine(isAscending, 'expected numbers that ascend, such as [0.01, 0.1, 1]')
      .default(BUCKETS)
      .describe('Upper bounds of the buckets of durations, in seconds'),
  })
  .describe('What all exporters of metrics have in common');

/** Adds the path of metrics to the URL of a collector. */
function withMetricsPath(text: string): string {
  const url = new URL(text);
  if (url.pathname === '/') url.pathname = '/v1/metrics';
  return url.href;
}

const GRPC = 'gRPC is not supported. Use http/protobuf, at the port 4318 of a collector';

export const OTLP_PROTOCOLS = ['http/protobuf', 'http/json'] as const;

const otlp = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('Whether metrics are sent to a collector (env: OTEL_METRICS_EXPORTER)'),
    endpoint: z
      .url({ protocol: /^https?$/, message: 'expected an http:// or https:// URL' })
      .refine(hasNoCredentials, 'expected a URL without user name and password; send them in `headers`')
      .transform(withMetricsPath)
      .prefault('http://localhost:4318/v1/metrics')
      .describe(
        'Where metrics are sent; /v1/metrics is added to a URL without a path (env: OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT)',
      ),
    protocol: z
      .preprocess(
        (value) => (value === 'http' ? 'http/protobuf' : value),
        z.enum(OTLP_PROTOCOLS, {
          error: ({ input }) => (input === 'grpc' ? GRPC : 'expected http/protobuf or http/json'),
        }),
      )
      .default('http/protobuf')
      .describe(
        'The format: http/protobuf or http/json (env: OTEL_EXPORTER_OTLP_METRICS_PROTOCOL, OTEL_EXPORTER_OTLP_PROTOCOL)',
      ),
    interval: timerDuration
      .prefault('60s')
      .describe('How often metrics are sent (env: OTEL_METRIC_EXPORT_INTERVAL, in milliseconds)'),
    timeout: timerDuration
      .prefault('10s')
      .describe(
        'How long one request to the collector may take (env: OTEL_EXPORTER_OTLP_METRICS_TIMEOUT, OTEL_EXPORTER_OTLP_TIMEOUT, in milliseconds)',
      ),
    temporality: z
      .enum(['cumulative', 'delta'])
      .default('cumulative')
      .describe(
        'Whether counters and histograms have what was counted since the start, or since the last request (env: OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE)',
      ),
    compression: z
      .enum(['none', 'gzip'])
      .default('none')
      .describe(
        'How requests to the collector are compressed (env: OTEL_EXPORTER_OTLP_METRICS_COMPRESSION, OTEL_EXPORTER_OTLP_COMPRESSION)',
      ),
    headers: z
      .record(headerName, headerValue)
      .default({})
      .describe(
        'Headers of requests to the collector (env: OTEL_EXPORTER_OTLP_METRICS_HEADERS, OTEL_EXPORTER_OTLP_HEADERS)',
      ),
  })
  .describe('Metrics for OpenTelemetry collectors');

export const metricExportersSection = z
  .strictObject({
    common: common.prefault({}),
    prometheus: prometheus.optional().describe('Metrics for Prometheus'),
    otlp: otlp.prefault({}),
  })
  .describe('Metrics; see docs/telemetry.md');

const MOST = 1_000;

/** A label whose values clients choose, or which has many values. */
function boundedLabel(enabled: boolean, max: number, what: string) {
  return z
    .strictObject({
      enabled: z.boolean().default(enabled).describe(`Whether metrics have ${what}`),
      max: z
        .int()
        .min(1)
        .max(MOST)
        .default(max)
        .describe(`How many ${what} have time series of their own; further ones are "other"`),
    })
    .prefault({});
}

export const metricsSection = z
  .strictObject({
    prometheus: prometheus.optional().describe('Another name for `telemetry.exporters.metrics.prometheus`'),
    operation_names: boundedLabel(true, 100, 'names of operations'),
    client_names: boundedLabel(true, 50, 'names of clients'),
    client_versions: boundedLabel(false, 100, 'versions of clients'),
    consumers: boundedLabel(false, 100, 'verified consumers (owners of API keys, OAuth clients)'),
  })
  .describe('The labels of metrics that can have many values');

export type MetricLabels = Omit<z.output<typeof metricsSection>, 'prometheus'>;
export type OtlpMetricsSettings = z.output<typeof otlp>;
export type CommonMetricsSettings = z.output<typeof common>;

/** The part of the config that says whether metrics are collected. */
export interface MetricsConfig {
  readonly telemetry: {
    readonly metrics: Pick<z.output<typeof metricsSection>, 'prometheus'>;
    readonly exporters: { readonly metrics: z.output<typeof metricExportersSection> };
  };
}

const PROMETHEUS_OFF = prometheus.parse({});

/** Returns the settings of metrics for Prometheus, under whichever of their two names the config has them, and that name. */
export function prometheusSettings({
  telemetry,
}: MetricsConfig): z.output<typeof prometheus> & { readonly key: string } {
  const { prometheus: alias } = telemetry.metrics;
  if (alias) return { ...alias, key: 'telemetry.metrics.prometheus' };
  return {
    ...(telemetry.exporters.metrics.prometheus ?? PROMETHEUS_OFF),
    key: 'telemetry.exporters.metrics.prometheus',
  };
}

/** Returns whether metrics are collected at all. */
export function hasMetrics(config: MetricsConfig): boolean {
  return prometheusSettings(config).enabled || config.telemetry.exporters.metrics.otlp.enabled;
}
