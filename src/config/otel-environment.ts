import type { FileConfig } from './config.ts';
import { parseDuration } from './duration.ts';
import type { Env } from './expand.ts';
import { type CommonMetricsSettings, OTLP_PROTOCOLS, type OtlpMetricsSettings } from './sections/metrics.ts';

type Telemetry = FileConfig['telemetry'];

/** Reports that a variable cannot be used. */
type Complain = (variable: string, message: string, hint: string) => void;

/** The prefixes of variables for metrics, and for all signals; the first one that is set counts. */
const PREFIXES = ['OTEL_EXPORTER_OTLP_METRICS_', 'OTEL_EXPORTER_OTLP_'];

/**
 * Returns the settings of metrics with the standard variables of OpenTelemetry, which override the file.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export function withOtelEnvironment(telemetry: Telemetry, env: Env, complain: Complain): Telemetry {
  if (!Object.keys(env).some((name) => name.startsWith('OTEL_'))) return telemetry;
  const { metrics } = telemetry.exporters;
  const chosen = chosenExporters(env, complain);
  const isOn = env.OTEL_SDK_DISABLED?.toLowerCase() !== 'true' && (chosen?.has('otlp') ?? metrics.otlp.enabled);
  const otlp = isOn
    ? new OtlpVariables(env, complain).over({ ...metrics.otlp, enabled: true })
    : { ...metrics.otlp, enabled: false };
  const common = withResource(metrics.common, env, complain);
  const exporters = { ...telemetry.exporters, metrics: { ...metrics, common, otlp } };
  return withPrometheus({ ...telemetry, exporters }, chosen);
}

/** Returns what `OTEL_METRICS_EXPORTER` names; `undefined` where it is not set. */
function chosenExporters(env: Env, complain: Complain): ReadonlySet<string> | undefined {
  const text = set(env.OTEL_METRICS_EXPORTER);
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

function withResource(common: CommonMetricsSettings, env: Env, complain: Complain): CommonMetricsSettings {
  const resource = {
    ...common.resource,
    ...pairsOf('OTEL_RESOURCE_ATTRIBUTES', env.OTEL_RESOURCE_ATTRIBUTES, complain),
  };
  const name = set(env.OTEL_SERVICE_NAME) ?? (env.OTEL_RESOURCE_ATTRIBUTES ? resource['service.name'] : undefined);
  return { ...common, resource, service_name: name ?? common.service_name };
}

class OtlpVariables {
  readonly #env: Env;
  readonly #complain: Complain;

  constructor(env: Env, complain: Complain) {
    this.#env = env;
    this.#complain = complain;
  }

  over(settings: OtlpMetricsSettings): OtlpMetricsSettings {
    return {
      ...settings,
      endpoint: this.#endpoint() ?? settings.endpoint,
      protocol: this.#oneOf('PROTOCOL', OTLP_PROTOCOLS) ?? settings.protocol,
      compression: this.#oneOf('COMPRESSION', ['none', 'gzip'] as const) ?? settings.compression,
      timeout: this.#milliseconds(this.#find('TIMEOUT')) ?? settings.timeout,
      interval: this.#milliseconds('OTEL_METRIC_EXPORT_INTERVAL') ?? settings.interval,
      temporality: this.#temporality() ?? settings.temporality,
      headers: { ...settings.headers, ...this.#headers() },
    };
  }

  /** Returns the name of the variable that is set, if one is. */
  #find(name: string): string | undefined {
    return PREFIXES.map((prefix) => prefix + name).find((variable) => set(this.#env[variable]) !== undefined);
  }

  #endpoint(): string | undefined {
    const variable = this.#find('ENDPOINT');
    if (variable === undefined) return undefined;
    const text = this.#env[variable] ?? '';
    const protocol = URL.canParse(text) ? new URL(text).protocol : '';
    if (protocol !== 'http:' && protocol !== 'https:') {
      this.#complain(
        variable,
        'This is no http:// or https:// URL.',
        'Use the URL of a collector, such as http://localhost:4318.',
      );
      return undefined;
    }
    // a variable for all signals has the URL that their paths are below
    return variable.includes('METRICS') ? text : `${text.replace(/\/$/, '')}/v1/metrics`;
  }

  #oneOf<Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    const variable = this.#find(name);
    if (variable === undefined) return undefined;
    const text = this.#env[variable];
    const value = values.find((one) => one === text);
    if (value === undefined)
      this.#complain(variable, `"${text}" is not supported.`, `Use one of ${values.join(', ')}.`);
    return value;
  }

  #milliseconds(variable: string | undefined): number | undefined {
    const text = variable === undefined ? undefined : set(this.#env[variable]);
    if (variable === undefined || text === undefined) return undefined;
    const value = /^\d{1,9}$/.test(text) ? parseDuration(`${text}ms`) : undefined;
    if (value) return value;
    this.#complain(variable, `"${text}" is not a number of milliseconds.`, 'Use a whole number greater than zero.');
    return undefined;
  }

  #temporality(): OtlpMetricsSettings['temporality'] | undefined {
    const variable = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';
    const text = set(this.#env[variable])?.toLowerCase();
    if (text === undefined || text === 'cumulative') return text;
    // counters and histograms are deltas for both
    if (text === 'delta' || text === 'lowmemory') return 'delta';
    this.#complain(variable, `"${text}" is not supported.`, 'Use cumulative, delta or lowmemory.');
    return undefined;
  }

  #headers(): Record<string, string> {
    const names = [...PREFIXES].reverse().map((prefix) => `${prefix}HEADERS`);
    const all = names.map((name) => pairsOf(name, this.#env[name], this.#complain));
    return Object.fromEntries(
      all.flatMap((pairs) => Object.entries(pairs)).map(([name, value]) => [name.toLowerCase(), value]),
    );
  }
}

/** Reads `a=1,b=2`, with values that are encoded as in URLs. */
function pairsOf(variable: string, text: string | undefined, complain: Complain): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const pair of (text ?? '').split(',')) {
    if (pair.trim() === '') continue;
    const at = pair.indexOf('=');
    const value = at < 1 ? undefined : decoded(pair.slice(at + 1).trim());
    // the text may be a secret
    if (value === undefined)
      complain(variable, 'This is no list of pairs.', 'Use name=value,name=value, with values encoded as in URLs.');
    else pairs[pair.slice(0, at).trim()] = value;
  }
  return pairs;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Treats an empty variable as unset. */
function set(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
