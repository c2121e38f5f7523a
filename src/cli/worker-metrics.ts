import type { Worker } from 'node:cluster';
import type { Snapshot } from '../telemetry/metrics.ts';
import { gaugeSnapshot, joinSnapshots } from '../telemetry/prometheus.ts';
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

/**
 * The metrics of all workers together. The last counts of a worker that has ended are kept, so that sums never fall.
 */
export class WorkerMetrics {
  /** The last snapshot of each worker. */
  readonly #seen = new Map<Worker, Snapshot>();
  /** The summed counts of workers that have ended. */
  #ended: Snapshot = [];

  /** Returns the metrics in Prometheus' text format. For a worker that does not respond, the last snapshot counts. */
  async text({ responsive, unresponsive, starting }: WorkersByState): Promise<string> {
    await Promise.all(responsive.map((worker) => this.#fetchSnapshot(worker)));
    const states = gaugeSnapshot(
      { name: 'headgate_workers', help: 'Workers by state; unresponsive: heartbeats are missing', label: 'state' },
      { responsive: responsive.length, unresponsive, starting },
    );
    const { text } = await joinSnapshots([...this.#seen.values(), this.#ended, [states]]);
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
