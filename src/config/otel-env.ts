import type { Env } from './expand.ts';
import { headerName, headerValue } from './header.ts';
import { isHttpUrl, type Tracing } from './sections/tracing.ts';

/** Reports a variable that cannot be used: what is wrong, and what to write. */
type Report = (variable: string, message: string, hint: string) => void;

/**
 * Returns the settings of traces with the standard variables of OpenTelemetry applied, which override the file. Where traces are off, only
 * those that switch them are read.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function tracingFrom(env: Env, file: Tracing, report: Report): Tracing {
  const variables = new OtelVariables(env, report);
  const enabled = variables.isEnabled(file.otlp.enabled);
  if (!enabled) return { ...file, otlp: { ...file.otlp, enabled } };
  return {
    otlp: { ...variables.otlp(file.otlp), enabled },
    common: variables.common(file.common),
    propagation: variables.propagation(file.propagation),
  };
}

const PERCENT = /%(?![\da-f]{2})/i;

class OtelVariables {
  readonly #env: Env;
  readonly #report: Report;

  constructor(env: Env, report: Report) {
    this.#env = env;
    this.#report = report;
  }

  isEnabled(inFile: boolean): boolean {
    const exporter = this.#text('OTEL_TRACES_EXPORTER')?.toLowerCase();
    if (this.#text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return false;
    if (exporter === undefined) return inFile;
    if (exporter !== 'otlp' && exporter !== 'none')
      this.#report('OTEL_TRACES_EXPORTER', `"${exporter}" is not supported.`, 'Use otlp, or none.');
    return exporter === 'otlp';
  }

  otlp(file: Tracing['otlp']): Tracing['otlp'] {
    this.#checkProtocol();
    const ofSignal = this.#url('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
    const headers = {
      ...this.#headers('OTEL_EXPORTER_OTLP_HEADERS'),
      ...this.#headers('OTEL_EXPORTER_OTLP_TRACES_HEADERS'),
    };
    const batch = file.batch_processor;
    const size = this.#count('OTEL_BSP_MAX_EXPORT_BATCH_SIZE') ?? batch.max_export_batch_size;
    const queue = this.#count('OTEL_BSP_MAX_QUEUE_SIZE') ?? batch.max_queue_size;
    return {
      ...file,
      endpoint: ofSignal ?? this.#url('OTEL_EXPORTER_OTLP_ENDPOINT') ?? file.endpoint,
      http: { headers: { ...file.http.headers, ...headers } },
      batch_processor: {
        scheduled_delay: this.#count('OTEL_BSP_SCHEDULE_DELAY') ?? batch.scheduled_delay,
        max_queue_size: queue,
        max_export_batch_size: Math.min(size, queue),
        max_export_timeout:
          this.#count('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT') ??
          this.#count('OTEL_EXPORTER_OTLP_TIMEOUT') ??
          this.#count('OTEL_BSP_EXPORT_TIMEOUT') ??
          batch.max_export_timeout,
      },
    };
  }

  common(file: Tracing['common']): Tracing['common'] {
    const variable = 'OTEL_RESOURCE_ATTRIBUTES';
    const { 'service.name': name, 'service.version': version, ...resource } = this.#pairs(variable);
    return {
      ...file,
      ...this.#sampler(),
      service_name: this.#text('OTEL_SERVICE_NAME') ?? name ?? file.service_name,
      service_version: version ?? file.service_version,
      resource: { ...file.resource, ...resource },
    };
  }

  propagation(file: Tracing['propagation']): Tracing['propagation'] {
    const variable = 'OTEL_PROPAGATORS';
    const text = this.#text(variable);
    if (text === undefined) return file;
    const names = new Set(text.split(',').map((name) => name.trim().toLowerCase()));
    for (const name of names)
      if (!PROPAGATORS.has(name))
        this.#report(variable, `"${name}" is not supported.`, `Use ${[...PROPAGATORS].join(', ')}.`);
    const zipkin = names.has('b3multi') ? 'multi' : names.has('b3') ? 'single' : undefined;
    return { ...file, trace_context: names.has('tracecontext'), baggage: names.has('baggage'), zipkin };
  }

  #checkProtocol(): void {
    for (const variable of ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL']) {
      const protocol = this.#text(variable);
      if (protocol !== undefined && protocol !== 'http/protobuf')
        this.#report(variable, `"${protocol}" is not supported.`, 'Use http/protobuf, with port 4318 of a collector.');
    }
  }

  #sampler(): Partial<Pick<Tracing['common'], 'sampler' | 'parent_based_sampler'>> {
    const variable = 'OTEL_TRACES_SAMPLER';
    const name = this.#text(variable);
    if (name === undefined) return {};
    const parent_based_sampler = name.startsWith('parentbased_');
    const kind = parent_based_sampler ? name.slice('parentbased_'.length) : name;
    if (kind === 'always_on') return { parent_based_sampler, sampler: 1 };
    if (kind === 'always_off') return { parent_based_sampler, sampler: 0 };
    if (kind === 'traceidratio') return { parent_based_sampler, sampler: this.#ratio() };
    this.#report(variable, `"${name}" is not a sampler.`, `Use ${SAMPLERS.join(', ')}.`);
    return {};
  }

  #ratio(): number {
    const variable = 'OTEL_TRACES_SAMPLER_ARG';
    const text = this.#text(variable);
    if (text === undefined) return 1;
    const ratio = Number(text);
    if (ratio >= 0 && ratio <= 1) return ratio;
    this.#report(variable, `"${text}" is not a ratio.`, 'Use a number from 0 to 1, such as 0.01.');
    return 1;
  }

  #url(variable: string): string | undefined {
    const text = this.#text(variable);
    if (text === undefined || isHttpUrl(text)) return text;
    this.#report(variable, 'This is not a URL of HTTP.', 'Use a URL such as http://localhost:4318.');
    return undefined;
  }

  #count(variable: string): number | undefined {
    const text = this.#text(variable);
    if (text === undefined) return undefined;
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    this.#report(variable, `"${text}" is not a whole number above zero.`, 'Times are in milliseconds.');
    return undefined;
  }

  #headers(variable: string): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.#pairs(variable))) {
      if (headerName.safeParse(name).success && headerValue.safeParse(value).success)
        headers[name.toLowerCase()] = value;
      else
        this.#report(variable, 'An entry is not a valid header.', 'Use NAME=VALUE,NAME=VALUE, with names of headers.');
    }
    return headers;
  }

  /** Reads `name=value,name=value`, with values in URL encoding. Values are not in messages: they can be keys. */
  #pairs(variable: string): Record<string, string> {
    const pairs: Record<string, string> = {};
    for (const part of this.#text(variable)?.split(',') ?? []) {
      if (part.trim() === '') continue;
      const at = part.indexOf('=');
      const name = part.slice(0, at).trim();
      const value = part.slice(at + 1).trim();
      if (at < 1 || name === '' || PERCENT.test(value)) {
        this.#report(
          variable,
          'An entry is not NAME=VALUE.',
          'Use NAME=VALUE,NAME=VALUE, with values in URL encoding.',
        );
        return {};
      }
      pairs[name] = decoded(value);
    }
    return pairs;
  }

  /** An empty variable counts as unset. */
  #text(variable: string): string | undefined {
    const text = this.#env[variable]?.trim();
    return text === '' ? undefined : text;
  }
}

const PROPAGATORS: ReadonlySet<string> = new Set(['tracecontext', 'baggage', 'b3', 'b3multi', 'none']);
const KINDS = ['always_on', 'always_off', 'traceidratio'];
const SAMPLERS = [...KINDS, ...KINDS.map((kind) => `parentbased_${kind}`)];

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
