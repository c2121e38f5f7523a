import type { Worker } from 'node:cluster';
import type { Snapshot } from '../telemetry/metrics.ts';
import { joinSnapshots } from '../telemetry/prometheus.ts';
import { callPeer } from './process-calls.ts';

/** Less than the time limit of Prometheus. */
const TIMEOUT_MS = 3_000;

/**
 * The metrics of all workers together. The last counts of a worker that has ended are kept, so that sums never fall.
 */
export class WorkerMetrics {
  /** The last snapshot of each worker. */
  readonly #seen = new Map<Worker, Snapshot>();
  /** The summed counts of workers that have ended. */
  #ended: Snapshot = [];

  /** Returns the metrics in Prometheus' text format. For a worker that does not respond in time, the last snapshot counts. */
  async text(workers: readonly Worker[]): Promise<string> {
    await Promise.all(workers.map((worker) => this.#fetchSnapshot(worker)));
    const { text } = await joinSnapshots([...this.#seen.values(), this.#ended]);
    return text;
  }

  async #fetchSnapshot(worker: Worker): Promise<void> {
    const snapshot = await callPeer(worker, 'snapshot', undefined, TIMEOUT_MS);
    if (snapshot !== undefined && !worker.isDead()) this.#seen.set(worker, snapshot);
  }

  async workerEnded(worker: Worker): Promise<void> {
    const last = this.#seen.get(worker);
    if (last === undefined) return;
    this.#seen.delete(worker);
    const summed = last.filter(({ type }) => type === 'counter' || type === 'histogram');
    const { snapshot } = await joinSnapshots([this.#ended, summed]);
    this.#ended = snapshot;
  }
}
