import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Config } from '../config/config.ts';
import { ConfigValueError } from '../config/config-value-error.ts';
import { readRegularFileSync } from '../shared/read-regular-file.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Snapshot } from '../telemetry/metrics.ts';
import type { CollectorTls } from '../telemetry/otlp/collector-connection.ts';
import type { MetricsExport } from '../telemetry/otlp/export-metrics.ts';

interface ExportParts {
  readonly logger: Logger;
  /** Reads the metrics of all processes. */
  readonly snapshot: () => Promise<Snapshot>;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Starts to send metrics to a collector, as the config says; `undefined` where it says no. The code is loaded only where it is needed.
 * Throws `ConfigValueError` when a certificate cannot be read.
 */
export async function openMetricsExport(
  { telemetry }: Config,
  { logger, snapshot, env = process.env }: ExportParts,
): Promise<MetricsExport | undefined> {
  const { otlp: settings, common } = telemetry.exporters.metrics;
  if (!settings.enabled) return undefined;
  const tls = collectorTls(env);
  const { startMetricsExport } = await import('../telemetry/otlp/export-metrics.ts');
  const attributes = {
    'service.instance.id': randomUUID(),
    'host.name': hostname(),
    'process.pid': String(process.pid),
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    ...common.resource,
    'service.name': common.service_name ?? common.resource['service.name'] ?? 'headgate',
  };
  return startMetricsExport({ settings, attributes, snapshot, logger, tls });
}

/** Reads the files that the standard variables name. */
function collectorTls(env: NonNullable<ExportParts['env']>): CollectorTls {
  const read = (name: string): string | undefined => {
    const variable = [`OTEL_EXPORTER_OTLP_METRICS_${name}`, `OTEL_EXPORTER_OTLP_${name}`].find((one) => env[one]);
    if (variable === undefined) return undefined;
    const path = env[variable] ?? '';
    try {
      return readRegularFileSync(path);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      throw new ConfigValueError(`${variable}: the file ${path} cannot be read: ${reason}.`);
    }
  };
  return { ca: read('CERTIFICATE'), cert: read('CLIENT_CERTIFICATE'), key: read('CLIENT_KEY') };
}
