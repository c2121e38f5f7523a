import type { Worker } from 'node:cluster';
import { openMetricsExport } from '../gateway/open-metrics-export.ts';
import type { ServerOptions } from '../gateway/server.ts';
import { joinSnapshots } from '../telemetry/join-snapshots.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Snapshot, SnapshotMetric } from '../telemetry/metrics.ts';
import type { MetricsExport } from '../telemetry/otlp/export-metrics.ts';
import { callPeer } from './process-calls.ts';

/** A worker that has been stopped just now is not known to be unresponsive. */
const TIMEOUT_MS = 1_000;

export interface WorkersByState {
  /** Workers that serve, and whose heartbeats arrive. */
  readonly responsive: readonly Worker[];
  /** How many serve, but have missed heartbeats. */
  readonly unresponsive: number;
  readonly starting: number;
}

/** Collects the metrics of all workers, and sends them to a collector where the config says so: no worker does. */
export async function openWorkerMetrics(
  config: ServerOptions['config'],
  logger: Logger,
  workersByState: () => WorkersByState,
): Promise<WorkerMetrics> {
  const metrics = new WorkerMetrics(workersByState);
  metrics.exporting = await openMetricsExport(config, { logger, snapshot: () => metrics.snapshot() });
  return metrics;
}

/**
 * The metrics of all workers together. The last counts of a worker that has ended are kept, so that sums never fall.
 */
export class WorkerMetrics {
  /** The last snapshot of each worker. */
  readonly #seen = new Map<Worker, Snapshot>();
  /** The summed counts of workers that have ended. */
  #ended: Snapshot = [];
  readonly #workersByState: () => WorkersByState;
  exporting: MetricsExport | undefined;
  #closing: Promise<void> | undefined;

  constructor(workersByState: () => WorkersByState) {
    this.#workersByState = workersByState;
  }

  /** Returns the metrics. For a worker that does not respond, the last snapshot counts. */
  async snapshot(): Promise<Snapshot> {
    const { responsive, unresponsive, starting } = this.#workersByState();
    await Promise.all(responsive.map((worker) => this.#fetchSnapshot(worker)));
    const states = workerStates({ responsive: responsive.length, unresponsive, starting });
    return [...joinSnapshots([...this.#seen.values(), this.#ended]), states];
  }

  async #fetchSnapshot(worker: Worker): Promise<void> {
    const snapshot = await callPeer(worker, 'snapshot', undefined, TIMEOUT_MS);
    if (snapshot !== undefined && !worker.isDead()) this.#seen.set(worker, snapshot);
  }

  /** Sends the metrics a last time. */
  close(): Promise<void> {
    this.#closing ??= this.exporting?.close() ?? Promise.resolve();
    return this.#closing;
  }

  workerEnded(worker: Worker): void {
    const last = this.#seen.get(worker);
    if (last === undefined) return;
    this.#seen.delete(worker);
    this.#ended = joinSnapshots([this.#ended, last.filter(({ type }) => type !== 'gauge')]);
  }
}

/** Returns the numbers of workers as a metric. */
export function workerStates(states: Readonly<Record<string, number>>): SnapshotMetric {
  return {
    name: 'headgate_workers',
    help: 'Workers by state, with --workers: responsive; unresponsive: heartbeats are missing; starting',
    type: 'gauge',
    labels: ['state'],
    together: 'sum',
    series: Object.entries(states).map(([state, value]) => ({ labels: [state], value })),
  };
}
