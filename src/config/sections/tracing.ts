import * as z from 'zod';
import { timerDuration } from '../duration.ts';
import { headerName, headerValue } from '../header.ts';

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
  .refine(
    (text) => !hasCredentials(text),
    'expected no user and no password. Write them into `http.headers`, as `authorization`',
  )
  .describe(
    'The URL of the collector; /v1/traces is added unless it ends with that. `default` is http://localhost:4318',
  );

const count = z.int().min(1);

const batchSection = z
  .strictObject({
    scheduled_delay: timerDuration
      .prefault('5s')
      .describe('How long a span waits for others (env: OTEL_BSP_SCHEDULE_DELAY)'),
    max_queue_size: count
      .max(1_000_000)
      .default(2048)
      .describe(
        'How many spans may wait. Further ones are dropped, and their number is logged (env: OTEL_BSP_MAX_QUEUE_SIZE)',
      ),
    max_export_batch_size: count
      .max(100_000)
      .default(512)
      .describe('The most spans of one export (env: OTEL_BSP_MAX_EXPORT_BATCH_SIZE)'),
    max_export_timeout: timerDuration
      .prefault('30s')
      .describe('How long an export may take, with its retries (env: OTEL_BSP_EXPORT_TIMEOUT)'),
  })
  .superRefine(({ max_queue_size, max_export_batch_size }, context) => {
    if (max_export_batch_size <= max_queue_size) return;
    const message = `expected at most max_queue_size, which is ${max_queue_size}`;
    context.addIssue({ code: 'custom', path: ['max_export_batch_size'], message });
  })
  .describe('How spans are collected before they are sent');

const otlpSection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('Whether traces are recorded and sent (env: OTEL_TRACES_EXPORTER=otlp or none, OTEL_SDK_DISABLED)'),
    endpoint: endpoint.default('default'),
    protocol: z
      .enum(['http', 'http/protobuf'], { error: PROTOCOL })
      .default('http')
      .describe('`http` and `http/protobuf` mean the same: OTLP over HTTP with protobuf'),
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

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Whether a URL has a user or a password. */
export function hasCredentials(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username !== '' || password !== '';
}
