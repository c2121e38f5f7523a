import * as z from 'zod';
import { timerDuration } from '../duration.ts';
import { headerName, headerValue } from '../header.ts';
import { hasNoCredentials, isHttpUrl } from '../http-url.ts';

const SAMPLER = 'expected always_on, always_off, or a ratio from 0 to 1, such as 0.01';

/** `always_on`, `always_off` or a ratio, read as a ratio from 0 to 1. */
const sampler = z
  .union([z.enum(['always_on', 'always_off']), z.number().min(0, SAMPLER).max(1, SAMPLER)], { error: SAMPLER })
  .transform((value) => (typeof value === 'number' ? value : value === 'always_on' ? 1 : 0));

const PROTOCOL = 'expected "http" (HTTP with protobuf, port 4318 of a collector). gRPC and JSON are not supported';

const endpoint = z
  .string()
  .refine(
    (text) => text === 'default' || isHttpUrl(text),
    'expected a URL such as "http://localhost:4318", or "default"',
  )
  .refine(hasNoCredentials, 'expected no user and no password. Write them into `http.headers`, as `authorization`')
  .transform(tracesUrl)
  .describe(
    'The URL of the collector; /v1/traces is added unless it ends with that. `default` is http://localhost:4318',
  );

/** Returns the URL for traces of a collector's base URL. */
function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint === 'default' ? 'http://localhost:4318' : endpoint);
  const path = url.pathname.replace(/\/$/, '');
  if (!path.endsWith('/v1/traces')) url.pathname = `${path}/v1/traces`;
  return url.href;
}

const count = z.int().min(1);

/** An export costs the same for few spans as for many. */
const MOST_IN_BATCH = 2_048;

const batchSection = z
  .strictObject({
    scheduled_delay: timerDuration
      .prefault('5s')
      .describe('How long a span waits for others (env: OTEL_BSP_SCHEDULE_DELAY)'),
    max_queue_size: count
      .max(1_000_000)
      .default(16_384)
      .describe(
        'How many spans may wait. Further ones are dropped, and their number is logged (env: OTEL_BSP_MAX_QUEUE_SIZE)',
      ),
    max_export_batch_size: count
      .max(100_000)
      .optional()
      .describe(
        'The most spans of one export. Default: 2048, or max_queue_size if that is less (env: OTEL_BSP_MAX_EXPORT_BATCH_SIZE)',
      ),
    max_export_timeout: timerDuration
      .prefault('30s')
      .describe('How long an export may take, with its retries (env: OTEL_BSP_EXPORT_TIMEOUT)'),
  })
  .superRefine(({ max_queue_size, max_export_batch_size }, context) => {
    if (max_export_batch_size === undefined || max_export_batch_size <= max_queue_size) return;
    const message = `expected at most max_queue_size, which is ${max_queue_size}`;
    context.addIssue({ code: 'custom', path: ['max_export_batch_size'], message });
  })
  .transform(({ max_export_batch_size, ...batch }) => ({
    ...batch,
    max_export_batch_size: max_export_batch_size ?? Math.min(MOST_IN_BATCH, batch.max_queue_size),
  }))
  .describe('How spans are collected before they are sent');

const otlpSection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('Whether traces are recorded and sent (env: OTEL_TRACES_EXPORTER=otlp or none, OTEL_SDK_DISABLED)'),
    endpoint: endpoint.prefault('default'),
    protocol: z
      .enum(['http', 'http/protobuf'], { error: PROTOCOL })
      .default('http')
      .describe('`http` and `http/protobuf` mean the same: OTLP over HTTP with protobuf'),
    compression: z
      .enum(['none', 'gzip'])
      .default('none')
      .describe('How exports are compressed (env: OTEL_EXPORTER_OTLP_COMPRESSION)'),
    http: z
      .strictObject({
        headers: z
          .record(headerName, headerValue)
          .default({})
          .describe('Headers of each export, such as the key of a vendor (env: OTEL_EXPORTER_OTLP_HEADERS)'),
      })
      .prefault({}),
    batch_processor: batchSection.prefault({}),
  })
  .describe('Sends spans to an OpenTelemetry collector');

const attributeValue = z.union([z.string(), z.number(), z.boolean()]);

const commonSection = z
  .strictObject({
    service_name: z
      .string()
      .min(1)
      .default('headgate')
      .describe('The resource attribute service.name (env: OTEL_SERVICE_NAME)'),
    service_namespace: z.string().min(1).optional().describe('The resource attribute service.namespace'),
    service_version: z
      .string()
      .min(1)
      .optional()
      .describe('The resource attribute service.version. Default: the version of Headgate'),
    resource: z
      .record(z.string().min(1), attributeValue)
      .default({})
      .describe(
        'Further attributes of the resource, such as deployment.environment.name (env: OTEL_RESOURCE_ATTRIBUTES)',
      ),
    sampler: sampler
      .prefault('always_on')
      .describe(
        'Which traces are recorded: `always_on`, `always_off` or a ratio such as 0.01 (env: OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG)',
      ),
    operation_samplers: z
      .record(z.string().min(1), sampler)
      .default({})
      .describe('The sampler of operations by their name, in place of `sampler`'),
    parent_based_sampler: z
      .boolean()
      .default(true)
      .describe(
        'Whether a trusted proxy (`trusted_proxies`) that sends a trace context decides in place of the sampler',
      ),
    max_attributes_per_span: z
      .int()
      .min(1)
      .default(128)
      .describe('Further attributes are dropped, and counted in the span'),
    max_links_per_span: z.int().min(0).default(128).describe('Further links are dropped, and counted in the span'),
    graphql_document: z
      .boolean()
      .default(false)
      .describe('Whether spans have the text of the operation, with its literal values replaced'),
  })
  .describe('What is recorded, and under which name');

const propagationSection = z
  .strictObject({
    trace_context: z
      .boolean()
      .default(true)
      .describe(
        'W3C trace context: `traceparent` and `tracestate` are read, and sent to subgraphs (env: OTEL_PROPAGATORS)',
      ),
    baggage: z
      .boolean()
      .default(false)
      .describe('W3C baggage is passed on to subgraphs. Requests with different baggage share nothing'),
    zipkin: z
      .union([z.boolean(), z.enum(['single', 'multi'])])
      .transform((value) => (value === true ? 'multi' : value || undefined))
      .prefault(false)
      .describe('B3 headers are read, and sent to subgraphs: as `b3` (`single`), or as `x-b3-…` (`multi`, `true`)'),
    request: z
      .strictObject({
        header_name: headerName
          .optional()
          .describe(
            'The header with the trace id, 32 hexadecimal digits or a UUID, of requests without a trace context',
          ),
      })
      .prefault({}),
  })
  .describe('Which headers have the trace context');

export const tracingSection = z
  .strictObject({
    otlp: otlpSection.prefault({}),
    common: commonSection.prefault({}),
    propagation: propagationSection.prefault({}),
  })
  .describe('Traces; see docs/telemetry.md');

export type Tracing = z.output<typeof tracingSection>;
