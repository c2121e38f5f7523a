import type { Worker } from 'node:cluster';
import type { Snapshot } from '../telemetry/metrics.ts';
import { joinSnapshots } from '../telemetry/prometheus.ts';
import { ask } from './process-calls.ts';

/** Under the time that Prometheus itself waits. */
const PATIENCE_MS = 3_000;

/**
 * The metrics of all workers together. What a worker had counted when it was asked last goes on counting after its end, so that
 * sums never fall.
 */
export class WorkerMetrics {
  /** As each worker told last. */
  readonly #seen = new Map<Worker, Snapshot>();
  /** Of those that have ended. */
  #ended: Snapshot = [];

  /** In the text format of Prometheus. A worker that does not answer in time is taken to be where it was. */
  async text(workers: readonly Worker[]): Promise<string> {
    await Promise.all(workers.map((worker) => this.#askOne(worker)));
    const { text } = await joinSnapshots([...this.#seen.values(), this.#ended]);
    return text;
  }

  async #askOne(worker: Worker): Promise<void> {
    const snapshot = await ask(worker, 'snapshot', undefined, PATIENCE_MS);
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
