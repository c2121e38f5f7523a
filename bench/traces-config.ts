import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes a config that records a share of the traces, and is that of `headgate-alone.yaml` otherwise. Its queue is so long that no span is dropped:
 * those would cost nothing. Returns its file. JSON is YAML, too.
 */
export function tracesConfig(share: number, collectorPort: number, dir: string): string {
  const file = join(dir, 'traces.json');
  const otlp = {
    enabled: true,
    endpoint: `http://127.0.0.1:${collectorPort}`,
    batch_processor: { max_queue_size: 200_000 },
  };
  const all = { deduplicate_query: false };
  writeFileSync(
    file,
    JSON.stringify({
      traffic_shaping: { router: all, all },
      telemetry: { exporters: { tracing: { otlp, common: { sampler: share } } } },
    }),
  );
  return file;
}
