import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { withOtelTracing } from '../../src/config/otel-tracing.ts';
import { tracingSection } from '../../src/config/sections/tracing.ts';
import { folderWith } from '../composition/folder.ts';

/** The settings of a file with variables applied, and what is wrong with them. */
function read(env: Record<string, string>, file: object = { otlp: { enabled: true } }) {
  const problems: string[] = [];
  const settings = withOtelTracing(tracingSection.parse(file), env, (variable, message, hint) =>
    problems.push(`${variable}: ${message} ${hint}`),
  );
  return { settings, problems };
}

describe('the variables of OpenTelemetry', () => {
  it.each([
    [{}, { otlp: {} }, false],
    [{}, { otlp: { enabled: true } }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, {}, true],
    [{ OTEL_TRACES_EXPORTER: 'none' }, { otlp: { enabled: true } }, false],
    [{ OTEL_SDK_DISABLED: 'TRUE', OTEL_TRACES_EXPORTER: 'otlp' }, { otlp: { enabled: true } }, false],
    [{ OTEL_SDK_DISABLED: 'false' }, { otlp: { enabled: true } }, true],
    // a collector alone switches nothing on
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, {}, false],
  ])('switch traces on and off: %o with %o', (env, file, enabled) => {
    expect(read(env as Record<string, string>, file).settings.otlp.enabled).toBe(enabled);
  });

  it('override the file', () => {
    const { settings, problems } = read(
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://base:4318',
        OTEL_EXPORTER_OTLP_HEADERS: 'X-Key=a%20b, x-team = shop',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_SERVICE_NAME: 'gateway',
        OTEL_RESOURCE_ATTRIBUTES: 'service.name=ignored,service.version=9,host.name=h1',
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.25',
        OTEL_PROPAGATORS: 'tracecontext,baggage,b3',
        OTEL_BSP_SCHEDULE_DELAY: '100',
        OTEL_BSP_MAX_QUEUE_SIZE: '64',
      },
      {
        otlp: { enabled: true, endpoint: 'http://file:1', http: { headers: { 'x-key': 'file', 'x-file': 'f' } } },
        common: {
          sampler: 0.5,
          parent_based_sampler: false,
          service_name: 'file',
          resource: { 'host.name': 'h0', a: 1 },
        },
      },
    );
    expect(problems).toEqual([]);
    expect(settings.otlp).toMatchObject({
      endpoint: 'http://base:4318/v1/traces',
      compression: 'gzip',
      http: { headers: { 'x-key': 'a b', 'x-team': 'shop', 'x-file': 'f' } },
      batch_processor: {
        scheduled_delay: 100,
        max_queue_size: 64,
        max_export_batch_size: 64,
        max_export_timeout: 2000,
      },
    });
    expect(settings.common).toMatchObject({
      ...{ service_name: 'gateway', service_version: '9', resource: { 'host.name': 'h1', a: 1 } },
      ...{ sampler: 0.25, parent_based_sampler: true },
    });
    expect(settings.propagation).toMatchObject({ trace_context: true, baggage: true, zipkin: 'single' });
  });

  it('for traces take precedence over those for all signals', () => {
    const { settings } = read({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces:4318/spans',
      OTEL_EXPORTER_OTLP_HEADERS: 'k=all',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'k=traces',
    });
    expect(settings.otlp).toMatchObject({
      endpoint: 'http://traces:4318/spans',
      http: { headers: { k: 'traces' } },
    });
  });

  it.each([
    ['OTEL_TRACES_EXPORTER', 'zipkin', 'Use otlp, or none.'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'Use one of http/protobuf'],
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'http/json', 'Use one of http/protobuf'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317', 'Use the URL'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://secret@collector', 'OTEL_EXPORTER_OTLP_HEADERS'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'br', 'Use one of none, gzip'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'secret', 'Use name=value'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a b=secret', 'names of headers'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=secret%0Aline', 'names of headers'],
    ['OTEL_RESOURCE_ATTRIBUTES', '=secret', 'Use name=value'],
    ['OTEL_TRACES_SAMPLER', 'xray', 'always_on'],
    ['OTEL_PROPAGATORS', 'tracecontext,jaeger', 'b3multi'],
    ['OTEL_BSP_MAX_QUEUE_SIZE', '-1', 'greater than zero'],
  ])('%s=%s is refused', (name, value, hint) => {
    const { problems } = read({ [name]: value });
    expect(problems).toEqual([expect.stringContaining(hint)]);
    expect(problems[0]).not.toContain('secret');
  });

  it('are refused by their names when the gateway starts; where traces are off, they are not read', async () => {
    const file = `${await folderWith({ 'headgate.yaml': 'limits: { max_depth: 5 }' })}/headgate.yaml`;
    const env = { OTEL_TRACES_SAMPLER: 'xray' };
    expect(loadConfig({ file, env }).telemetry.exporters.tracing.otlp.enabled).toBe(false);
    expect(() => loadConfig({ file, env: { ...env, OTEL_TRACES_EXPORTER: 'otlp' } })).toThrow(
      /environment variable OTEL_TRACES_SAMPLER/,
    );
    const { tracing } = loadConfig({ file, env: { OTEL_TRACES_EXPORTER: 'otlp' } }).telemetry.exporters;
    expect(tracing).toMatchObject({
      otlp: { enabled: true, endpoint: 'http://localhost:4318/v1/traces' },
      common: { sampler: 1 },
    });
  });
});

describe('settings that cannot be used are refused by their keys', () => {
  it.each([
    [{ otlp: { protocol: 'grpc' } }, 'otlp.protocol', 'gRPC and JSON are not supported'],
    [{ otlp: { endpoint: 'collector:4317' } }, 'otlp.endpoint', 'expected a URL'],
    [{ otlp: { endpoint: 'http://a:b@collector' } }, 'otlp.endpoint', 'no user and no password'],
    [{ otlp: { http: { headers: { k: 'a\nb' } } } }, 'otlp.http.headers.k', 'one line'],
    [
      { otlp: { batch_processor: { max_queue_size: 5, max_export_batch_size: 6 } } },
      'otlp.batch_processor.max_export_batch_size',
      'at most max_queue_size',
    ],
    [{ common: { sampler: 2 } }, 'common.sampler', 'a ratio from 0 to 1'],
    [{ common: { operation_samplers: { A: 'some' } } }, 'common.operation_samplers.A', 'a ratio from 0 to 1'],
    [{ propagation: { zipkin: 'both' } }, 'propagation.zipkin', ''],
  ])('%o', (settings, key, message) => {
    const { error } = tracingSection.safeParse(settings);
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([key]);
    expect(error?.issues[0]?.message).toContain(message);
  });
});
