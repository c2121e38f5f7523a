import { performance } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

/** A reading that is older than this is replaced, so that two readers of the metrics do not measure moments only. */
const AT_LEAST_MS = 1_000;

/** Starts to measure how busy the process is, beside what all Node processes measure. */
export function watchRuntime(metrics: Metrics): void {
  let since = performance.eventLoopUtilization();
  let readAt = performance.now();
  let last = 0;
  const help =
    'The share of time in which the event loop was busy, from 0 to 1, since the metrics were read before; with --workers, of the busiest worker';
  metrics.gauge({ name: 'headgate_event_loop_utilization', help, together: 'max' }, () => {
    const now = performance.now();
    if (now - readAt < AT_LEAST_MS && last > 0) return last;
    const current = performance.eventLoopUtilization();
    last = performance.eventLoopUtilization(current, since).utilization;
    since = current;
    readAt = now;
    return last;
  });
}
