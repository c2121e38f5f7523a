import { HEARTBEAT_MS } from '../config/sections/workers.ts';

const HEARTBEAT = { heartbeat: true } as const;

/** After so many missed heartbeats, nothing waits for a worker. */
const UNRESPONSIVE_AFTER = 3;

/** Sends a heartbeat to the primary at once and each second. A worker that is stopped or blocked sends none. */
export function sendHeartbeats(): void {
  const send = () => process.send?.(HEARTBEAT, undefined, undefined, () => {});
  send();
  setInterval(send, HEARTBEAT_MS).unref();
}

export function isHeartbeat(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'heartbeat' in message;
}

export interface HeartbeatOptions<Worker> {
  /** `workers.heartbeat_timeout`, in milliseconds. */
  readonly timeoutMs: number;
  /** Called once for a worker that has missed its heartbeats for `timeoutMs`. */
  readonly onTimeout: (worker: Worker) => void;
}

/**
 * Counts the heartbeats that each worker misses. It counts its own ticks, one a second, instead of reading a clock: while the primary is
 * stopped or busy, or the whole machine sleeps, there are no ticks, so no worker is blamed for that time.
 */
export class Heartbeats<Worker> {
  readonly #missed = new Map<Worker, number>();
  readonly #options: HeartbeatOptions<Worker>;

  constructor(options: HeartbeatOptions<Worker>) {
    this.#options = options;
  }

  start(): void {
    setInterval(() => this.tick(), HEARTBEAT_MS).unref();
  }

  /** Begins to expect heartbeats, or records one. */
  received(worker: Worker): void {
    this.#missed.set(worker, 0);
  }

  forget(worker: Worker): void {
    this.#missed.delete(worker);
  }

  isResponsive(worker: Worker): boolean {
    return (this.#missed.get(worker) ?? 0) < UNRESPONSIVE_AFTER;
  }

  /** Counts one more missed heartbeat for each worker. A heartbeat resets the count. */
  tick(): void {
    const allowed = Math.ceil(this.#options.timeoutMs / HEARTBEAT_MS);
    for (const [worker, before] of this.#missed) {
      this.#missed.set(worker, before + 1);
      if (before + 1 === allowed) this.#options.onTimeout(worker);
    }
  }
}
