import type { Config } from '../config/config.ts';
import { hasMetrics } from '../config/sections/metrics.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Opens the metrics. Their code is loaded only where they are configured. */
export async function openMetrics(config: Config): Promise<{ metrics?: Metrics; instruments?: Instruments }> {
  if (!hasMetrics(config)) return {};
  const [{ createMetrics }, { createInstruments }] = await Promise.all([
    import('../telemetry/registry.ts'),
    import('../telemetry/instruments.ts'),
  ]);
  const metrics = createMetrics();
  const { metrics: labels, exporters } = config.telemetry;
  const { buckets } = exporters.metrics.common;
  return { metrics, instruments: createInstruments(metrics, { labels, buckets }) };
}
