import { hostname } from 'node:os';
import type { Config } from '../config/config.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Snapshot } from '../telemetry/metrics.ts';
import type { MetricsExport } from '../telemetry/otlp/export-metrics.ts';
import { INSTANCE_ID } from '../telemetry/otlp/instance-id.ts';
import { collectorTls } from './collector-tls.ts';
import { ConnectionCertificates } from './connection-certificates.ts';
import { openCollectorPool } from './open-collector-pool.ts';

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
  const tls = collectorTls(env, 'METRICS', new ConnectionCertificates(logger));
  const { startMetricsExport } = await import('../telemetry/otlp/export-metrics.ts');
  const attributes = {
    'service.instance.id': INSTANCE_ID,
    'host.name': hostname(),
    'process.pid': String(process.pid),
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    ...common.resource,
    'service.name': common.service_name ?? common.resource['service.name'] ?? 'headgate',
  };
  return startMetricsExport({ settings, attributes, snapshot, logger, tls, openPool: openCollectorPool });
}
