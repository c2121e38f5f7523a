import type { Env } from './expand.ts';
import { type Complain, OtelVariables } from './otel-variables.ts';
import type { Tracing } from './sections/tracing.ts';

/**
 * Returns the settings of traces with the standard variables of OpenTelemetry, which override the file. Where traces are off, only
 * those that switch them are read.
 */
export function withOtelTracing(file: Tracing, env: Env, complain: Complain): Tracing {
  const variables = new TracingVariables(env, complain);
  const enabled = variables.isEnabled(file.otlp.enabled);
  if (!enabled) return { ...file, otlp: { ...file.otlp, enabled } };
  return {
    otlp: { ...variables.otlp(file.otlp), enabled },
    common: variables.common(file.common),
    propagation: variables.propagation(file.propagation),
  };
}

class TracingVariables {
  readonly #variables: OtelVariables;
  readonly #complain: Complain;

  constructor(env: Env, complain: Complain) {
    this.#variables = new OtelVariables(env, 'TRACES', complain);
    this.#complain = complain;
  }

  isEnabled(inFile: boolean): boolean {
    const exporter = this.#variables.text('OTEL_TRACES_EXPORTER')?.toLowerCase();
    if (this.#variables.isDisabled) return false;
    if (exporter === undefined) return inFile;
    if (exporter !== 'otlp' && exporter !== 'none')
      this.#complain('OTEL_TRACES_EXPORTER', `"${exporter}" is not supported.`, 'Use otlp, or none.');
    return exporter === 'otlp';
  }

  otlp(file: Tracing['otlp']): Tracing['otlp'] {
    const variables = this.#variables;
    variables.oneOf('PROTOCOL', ['http/protobuf']);
    const batch = file.batch_processor;
    const size = variables.count('OTEL_BSP_MAX_EXPORT_BATCH_SIZE') ?? batch.max_export_batch_size;
    const queue = variables.count('OTEL_BSP_MAX_QUEUE_SIZE') ?? batch.max_queue_size;
    const milliseconds = (name: string) => variables.count(name, 'a number of milliseconds');
    return {
      ...file,
      endpoint: variables.endpoint('/v1/traces') ?? file.endpoint,
      compression: variables.oneOf('COMPRESSION', ['none', 'gzip'] as const) ?? file.compression,
      http: { headers: { ...file.http.headers, ...variables.headers() } },
      batch_processor: {
        scheduled_delay: milliseconds('OTEL_BSP_SCHEDULE_DELAY') ?? batch.scheduled_delay,
        max_queue_size: queue,
        max_export_batch_size: Math.min(size, queue),
        max_export_timeout: variables.timeout() ?? milliseconds('OTEL_BSP_EXPORT_TIMEOUT') ?? batch.max_export_timeout,
      },
    };
  }

  common(file: Tracing['common']): Tracing['common'] {
    const { name, attributes } = this.#variables.resource();
    const { 'service.version': version, ...resource } = attributes;
    return {
      ...file,
      ...this.#sampler(),
      service_name: name ?? file.service_name,
      service_version: version ?? file.service_version,
      resource: { ...file.resource, ...resource },
    };
  }

  propagation(file: Tracing['propagation']): Tracing['propagation'] {
    const variable = 'OTEL_PROPAGATORS';
    const text = this.#variables.text(variable);
    if (text === undefined) return file;
    const names = new Set(text.split(',').map((name) => name.trim().toLowerCase()));
    for (const name of names)
      if (!PROPAGATORS.has(name))
        this.#complain(variable, `"${name}" is not supported.`, `Use ${[...PROPAGATORS].join(', ')}.`);
    const zipkin = names.has('b3multi') ? 'multi' : names.has('b3') ? 'single' : undefined;
    return { ...file, trace_context: names.has('tracecontext'), baggage: names.has('baggage'), zipkin };
  }

  #sampler(): Partial<Pick<Tracing['common'], 'sampler' | 'parent_based_sampler'>> {
    const variable = 'OTEL_TRACES_SAMPLER';
    const name = this.#variables.text(variable);
    if (name === undefined) return {};
    const parent_based_sampler = name.startsWith('parentbased_');
    const kind = parent_based_sampler ? name.slice('parentbased_'.length) : name;
    if (kind === 'always_on') return { parent_based_sampler, sampler: 1 };
    if (kind === 'always_off') return { parent_based_sampler, sampler: 0 };
    if (kind === 'traceidratio') return { parent_based_sampler, sampler: this.#ratio() };
    this.#complain(variable, `"${name}" is not a sampler.`, `Use ${SAMPLERS.join(', ')}.`);
    return {};
  }

  #ratio(): number {
    const variable = 'OTEL_TRACES_SAMPLER_ARG';
    const text = this.#variables.text(variable);
    if (text === undefined) return 1;
    const ratio = Number(text);
    if (ratio >= 0 && ratio <= 1) return ratio;
    this.#complain(variable, `"${text}" is not a ratio.`, 'Use a number from 0 to 1, such as 0.01.');
    return 1;
  }
}

const PROPAGATORS: ReadonlySet<string> = new Set(['tracecontext', 'baggage', 'b3', 'b3multi', 'none']);
const KINDS = ['always_on', 'always_off', 'traceidratio'];
const SAMPLERS = [...KINDS, ...KINDS.map((kind) => `parentbased_${kind}`)];
