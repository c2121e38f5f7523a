import { describe, expect, test } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { withOtelEnvironment } from '../../src/config/otel-environment.ts';
import { prometheusSettings } from '../../src/config/sections/metrics.ts';

function read(env: Record<string, string>, metrics: Record<string, unknown> = {}) {
  const problems: string[] = [];
  const { telemetry } = configFileSchema.parse({ telemetry: { exporters: { metrics } } });
  const found = withOtelEnvironment(telemetry, env, (variable, message) => problems.push(`${variable}: ${message}`));
  return { telemetry: found, ...found.exporters.metrics, problems };
}

const ON = { OTEL_METRICS_EXPORTER: 'otlp' };

describe('which exporters are on', () => {
  const isOn = (env: Record<string, string>, metrics?: Record<string, unknown>) => {
    const { telemetry, otlp } = read(env, metrics);
    return { otlp: otlp.enabled, prometheus: prometheusSettings({ telemetry }).enabled };
  };
  test.each([
    [{}, { otlp: false, prometheus: false }],
    [ON, { otlp: true, prometheus: false }],
    [{ OTEL_METRICS_EXPORTER: 'otlp,prometheus' }, { otlp: true, prometheus: true }],
    [
      { ...ON, OTEL_SDK_DISABLED: 'true' },
      { otlp: false, prometheus: false },
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, { otlp: false, prometheus: false }],
  ])('%j', (env, on) => {
    expect(isOn(env)).toEqual(on);
  });

  test('the environment overrides the file', () => {
    const file = { otlp: { enabled: true }, prometheus: { enabled: true } };
    expect(isOn({ OTEL_METRICS_EXPORTER: 'none' }, file)).toEqual({ otlp: false, prometheus: false });
    expect(isOn({ OTEL_METRICS_EXPORTER: 'otlp' }, file)).toEqual({ otlp: true, prometheus: true });
    expect(isOn({ OTEL_SERVICE_NAME: 'x' }, file)).toEqual({ otlp: true, prometheus: true });
  });
});

test('variables for metrics come before those for all signals', () => {
  const all = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318/',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=a%20b,X-Key=all',
    OTEL_EXPORTER_OTLP_TIMEOUT: '1500',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'LowMemory',
    OTEL_SERVICE_NAME: 'shop',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,team=web',
  };
  const { otlp, common } = read({ ...ON, ...all }, { common: { resource: { team: 'old', zone: 'a' } } });
  expect(otlp).toMatchObject({
    endpoint: 'http://all:4318/v1/metrics',
    protocol: 'http/json',
    headers: { 'x-team': 'a b', 'x-key': 'all' },
    timeout: 1500,
    compression: 'gzip',
    interval: 5000,
    temporality: 'delta',
  });
  expect(common).toMatchObject({ service_name: 'shop', resource: { team: 'web', zone: 'a' } });
  const own = {
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://own:4318/metrics',
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'x-key=own',
  };
  expect(read({ ...ON, ...all, ...own }).otlp).toMatchObject({
    endpoint: 'http://own:4318/metrics',
    headers: { 'x-team': 'a b', 'x-key': 'own' },
  });
});

test.each([
  ['OTEL_METRICS_EXPORTER', 'console', '"console" is not supported.'],
  ['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', 'grpc', '"grpc" is not supported.'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'This is no http:// or https:// URL.'],
  ['OTEL_EXPORTER_OTLP_METRICS_TIMEOUT', '10s', '"10s" is not a number of milliseconds.'],
  ['OTEL_METRIC_EXPORT_INTERVAL', '0', '"0" is not a number of milliseconds.'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'secret', 'This is no list of pairs.'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%', 'This is no list of pairs.'],
  ['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'often', '"often" is not supported.'],
  ['OTEL_EXPORTER_OTLP_METRICS_COMPRESSION', 'br', '"br" is not supported.'],
])('%s=%s is refused', (variable, value, message) => {
  expect(read({ ...ON, [variable]: value }, { otlp: { enabled: true } }).problems).toContain(`${variable}: ${message}`);
});

test('variables of an exporter that is off do not stop the start', () => {
  expect(read({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }).problems).toEqual([]);
});

describe('the file', () => {
  const messages = (telemetry: Record<string, unknown>) => {
    const { error } = configFileSchema.safeParse({ telemetry });
    return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  };
  const otlp = (settings: Record<string, unknown>) => messages({ exporters: { metrics: { otlp: settings } } });

  test('what cannot be honoured is refused with its key', () => {
    const at = 'telemetry.exporters.metrics.otlp';
    expect(otlp({ protocol: 'grpc' })).toEqual([expect.stringContaining(`${at}.protocol: gRPC is not supported`)]);
    expect(otlp({ endpoint: 'http://user:pass@collector' })).toEqual([expect.stringContaining(`${at}.endpoint`)]);
    expect(messages({ exporters: { metrics: { common: { buckets: [1, 0.5] } } } })).toEqual([
      expect.stringContaining('telemetry.exporters.metrics.common.buckets: expected numbers that ascend'),
    ]);
    const both = { exporters: { metrics: { prometheus: {} } }, metrics: { prometheus: {} } };
    expect(messages(both)).toEqual([expect.stringContaining('two names of one section')]);
  });

  test('the path of metrics is added to the URL of a collector', () => {
    const endpointOf = (endpoint: string) =>
      configFileSchema.parse({ telemetry: { exporters: { metrics: { otlp: { endpoint } } } } }).telemetry.exporters
        .metrics.otlp.endpoint;
    expect(endpointOf('http://collector:4318')).toBe('http://collector:4318/v1/metrics');
    expect(endpointOf('http://collector:4318/otlp/metrics')).toBe('http://collector:4318/otlp/metrics');
  });
});
