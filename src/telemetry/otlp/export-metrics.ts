import type { OtlpMetricsSettings } from '../../config/sections/metrics.ts';
import type { Logger } from '../logger.ts';
import type { Snapshot } from '../metrics.ts';
import { CollectorConnection, type CollectorOptions } from './collector-connection.ts';
import { metricsRequest } from './metrics-request.ts';
import { metricsProtobuf } from './protobuf.ts';
import { countedSince } from './since.ts';

export interface MetricsExportOptions {
  readonly settings: OtlpMetricsSettings;
  /** Attributes of the process, such as `service.name`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Reads the metrics of all processes. */
  readonly snapshot: () => Promise<Snapshot>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly tls?: CollectorOptions['tls'];
  readonly openPool: CollectorOptions['openPool'];
}

/** Sends metrics to a collector. */
export interface MetricsExport {
  /** Sends them now, beside the regular times. Never rejects. */
  flush(): Promise<void>;
  /** Sends them a last time. */
  close(): Promise<void>;
}

/**
 * Starts to send metrics to a collector at regular times, from the same snapshot that Prometheus reads.
 *
 * Not `@opentelemetry/exporter-metrics-otlp-proto`: it leaves out exemplars, takes its metrics from a registry of its own, and loses the
 * counts of a request that failed where they are deltas. Here the next request has them.
 */
export function startMetricsExport(options: MetricsExportOptions): MetricsExport {
  const exporter = new Exporter(options);
  exporter.start();
  return exporter;
}

class Exporter implements MetricsExport {
  readonly #options: MetricsExportOptions;
  readonly #connection: CollectorConnection;
  readonly #isDelta: boolean;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();
  #isClosed = false;
  #closing: Promise<void> | undefined;
  /** What the collector has received, and when that was read; for deltas. */
  #received: Snapshot = [];
  #since = Date.now();
  #isFailing = false;

  constructor(options: MetricsExportOptions) {
    this.#options = options;
    const { endpoint: url, protocol, headers, compression, timeout, temporality } = options.settings;
    const contentType = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf';
    const { tls, openPool } = options;
    this.#connection = new CollectorConnection({ url, headers, contentType, compression, timeout, tls, openPool });
    this.#isDelta = temporality === 'delta';
  }

  start(): void {
    if (this.#isClosed) return;
    const next = () => void this.flush().then(() => this.start());
    this.#timer = setTimeout(next, this.#options.settings.interval).unref();
  }

  flush(): Promise<void> {
    this.#sending = this.#sending.then(() => this.#send());
    return this.#sending;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.flush();
    this.#connection.close();
  }

  async #send(): Promise<void> {
    try {
      const snapshot = await this.#options.snapshot();
      const now = Date.now();
      await this.#post(snapshot, now);
      if (this.#isDelta) {
        this.#received = snapshot;
        this.#since = now;
      }
      if (this.#isFailing) this.#options.logger.info(this.#fields, 'metrics are sent to the collector again');
      this.#isFailing = false;
    } catch (error) {
      if (this.#isFailing) return;
      this.#isFailing = true;
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.logger.warn({ ...this.#fields, reason }, 'metrics cannot be sent to the collector; trying again');
    }
  }

  get #fields() {
    return { endpoint: this.#options.settings.endpoint, setting: 'telemetry.exporters.metrics.otlp' };
  }

  async #post(snapshot: Snapshot, now: number): Promise<void> {
    const { settings, attributes } = this.#options;
    const counted = this.#isDelta ? countedSince(this.#received, snapshot) : snapshot;
    const message = metricsRequest(counted, { attributes, since: this.#since, now, isDelta: this.#isDelta });
    const isJson = settings.protocol === 'http/json';
    await this.#connection.send(isJson ? Buffer.from(JSON.stringify(message)) : metricsProtobuf(message));
  }
}
