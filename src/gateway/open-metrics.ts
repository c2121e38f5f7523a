import type { Config } from '../config/config.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Opens the metrics. Their code is loaded only where they are configured. */
export async function openMetrics({ telemetry }: Config): Promise<{ metrics?: Metrics; instruments?: Instruments }> {
  if (!telemetry.metrics.prometheus.enabled) return {};
  const [{ createPrometheusMetrics }, { createInstruments }] = await Promise.all([
    import('../telemetry/prometheus.ts'),
    import('../telemetry/instruments.ts'),
  ]);
  const metrics = createPrometheusMetrics();
  return { metrics, instruments: createInstruments(metrics) };
}
