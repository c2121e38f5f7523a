import type { FileConfig } from './config.ts';
import type { Env } from './expand.ts';
import { withOtelTracing } from './otel-tracing.ts';
import { type Complain, OtelVariables } from './otel-variables.ts';
import { type CommonMetricsSettings, OTLP_PROTOCOLS, type OtlpMetricsSettings } from './sections/metrics.ts';

type Telemetry = FileConfig['telemetry'];

/** Returns the settings of telemetry with the standard variables of OpenTelemetry, which override the file. */
export function withOtelEnvironment(telemetry: Telemetry, env: Env, complain: Complain): Telemetry {
  if (!Object.keys(env).some((name) => name.startsWith('OTEL_'))) return telemetry;
  // a variable for all signals is read for each, and reported once
  const reported = new Set<string>();
  const once: Complain = (variable, message, hint) => {
    if (reported.has(variable + message)) return;
    reported.add(variable + message);
    complain(variable, message, hint);
  };
  const { tracing } = telemetry.exporters;
  const exporters = { ...telemetry.exporters, tracing: withOtelTracing(tracing, env, once) };
  return withOtelMetrics({ ...telemetry, exporters }, env, once);
}

function withOtelMetrics(telemetry: Telemetry, env: Env, complain: Complain): Telemetry {
  const { metrics } = telemetry.exporters;
  const variables = new OtelVariables(env, 'METRICS', complain);
  const chosen = chosenExporters(variables, complain);
  const isOn = !variables.isDisabled && (chosen?.has('otlp') ?? metrics.otlp.enabled);
  const otlp = isOn ? withExporter(metrics.otlp, variables, complain) : { ...metrics.otlp, enabled: false };
  const common = isOn ? withResource(metrics.common, variables) : metrics.common;
  const exporters = { ...telemetry.exporters, metrics: { ...metrics, common, otlp } };
  return withPrometheus({ ...telemetry, exporters }, chosen);
}

/** Returns what `OTEL_METRICS_EXPORTER` names; `undefined` where it is not set. */
function chosenExporters(variables: OtelVariables, complain: Complain): ReadonlySet<string> | undefined {
  const text = variables.text('OTEL_METRICS_EXPORTER');
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  const unknown = names.find((name) => !['otlp', 'prometheus', 'none'].includes(name));
  if (unknown !== undefined)
    complain(
      'OTEL_METRICS_EXPORTER',
      `"${unknown}" is not supported.`,
      'Use otlp, prometheus, both with a comma, or none.',
    );
  return new Set(names);
}

function withPrometheus(telemetry: Telemetry, chosen: ReadonlySet<string> | undefined): Telemetry {
  if (!chosen?.has('prometheus') && !chosen?.has('none')) return telemetry;
  const enabled = chosen.has('prometheus');
  const { exporters, metrics } = telemetry;
  if (metrics.prometheus)
    return { ...telemetry, metrics: { ...metrics, prometheus: { ...metrics.prometheus, enabled } } };
  const prometheus = { path: '/metrics', ...exporters.metrics.prometheus, enabled };
  return { ...telemetry, exporters: { ...exporters, metrics: { ...exporters.metrics, prometheus } } };
}

function withResource(common: CommonMetricsSettings, variables: OtelVariables): CommonMetricsSettings {
  const { name, attributes } = variables.resource();
  return { ...common, resource: { ...common.resource, ...attributes }, service_name: name ?? common.service_name };
}

/** Returns the settings of the exporter with the variables that are set. */
function withExporter(
  settings: OtlpMetricsSettings,
  variables: OtelVariables,
  complain: Complain,
): OtlpMetricsSettings {
  return {
    ...settings,
    enabled: true,
    endpoint: variables.endpoint('/v1/metrics') ?? settings.endpoint,
    protocol: variables.oneOf('PROTOCOL', OTLP_PROTOCOLS) ?? settings.protocol,
    compression: variables.oneOf('COMPRESSION', ['none', 'gzip'] as const) ?? settings.compression,
    timeout: variables.timeout() ?? settings.timeout,
    interval: variables.count('OTEL_METRIC_EXPORT_INTERVAL', 'a number of milliseconds') ?? settings.interval,
    temporality: temporality(variables, complain) ?? settings.temporality,
    headers: { ...settings.headers, ...variables.headers() },
  };
}

function temporality(variables: OtelVariables, complain: Complain): OtlpMetricsSettings['temporality'] | undefined {
  const variable = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';
  const text = variables.text(variable)?.toLowerCase();
  if (text === undefined || text === 'cumulative') return text;
  // counters and histograms are deltas for both
  if (text === 'delta' || text === 'lowmemory') return 'delta';
  complain(variable, `"${text}" is not supported.`, 'Use cumulative, delta or lowmemory.');
  return undefined;
}
