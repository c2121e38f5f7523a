import { configFileSchema } from '../../src/config/config.ts';
import type { MetricLabels } from '../../src/config/sections/metrics.ts';
import { createInstruments, type Instruments } from '../../src/telemetry/instruments.ts';
import type { Metrics } from '../../src/telemetry/metrics.ts';
import { metricsText, type TextFormat } from '../../src/telemetry/prometheus.ts';
import { createMetrics } from '../../src/telemetry/registry.ts';

const { telemetry } = configFileSchema.parse({});

/** The settings of metrics by default, with some other labels. */
export const settingsWith = (labels: Partial<MetricLabels> = {}) => ({
  labels: { ...telemetry.metrics, ...labels },
  buckets: telemetry.exporters.metrics.common.buckets,
});

/** Instruments with their metrics. `lines` are those of the text format that begin with a name. */
export function measured(labels: Partial<MetricLabels> = {}): {
  readonly metrics: Metrics;
  readonly instruments: Instruments;
  lines(name: string, format?: TextFormat): Promise<string[]>;
} {
  const metrics = createMetrics();
  const instruments = createInstruments(metrics, settingsWith(labels));
  const lines = async (name: string, format?: TextFormat) =>
    metricsText(await metrics.snapshot(), format)
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return { metrics, instruments, lines };
}
