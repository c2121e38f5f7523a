/** In milliseconds. Shorter times are not adapted to: almost each call would need its own connection. */
const SHORTEST_IDLE_MS = 40;
/** How much of the time that a server keeps idle connections is used. The rest is for the way of a request to it. */
const USED_SHARE = 0.5;
/** How much two idle times of one limit may differ, as a share. */
const TOLERANCE = 0.25;
/** Connections that are closed within this time of each other are one observation, in milliseconds: a server may be restarting. */
const SAME_MOMENT_MS = 20;
/** How long a good connection counts, in milliseconds: a server may have new settings since then. */
const EVIDENCE_MS = 60_000;

/**
 * Learns how long a server keeps idle connections, so that the gateway closes them first. Many servers do not send
 * `Keep-Alive: timeout=…`, and a request that meets the close is lost.
 *
 * When the server closes connections after an idle time `t`, its limit may be `t`; when a connection is good after an idle time `s`,
 * its limit is longer than `s`. So `t` is believed when two connections were closed after about `t`, at different moments, and none
 * was good after a longer time. A server that restarts closes connections of all ages at one moment, and teaches nothing.
 *
 * The time never becomes longer: a time that is too short costs new connections, and to try a longer one would lose a mutation each time.
 */
export class IdleTime {
  readonly #now: () => number;
  #maxMs: number;
  #good = { idleMs: 0, at: Number.NEGATIVE_INFINITY };
  /** The last closed connection. */
  #closed = { idleMs: 0, at: Number.NEGATIVE_INFINITY };

  /**
   * @param maxMs the longest time that the gateway itself keeps idle connections
   * @param now a monotonic clock, in milliseconds
   */
  constructor(maxMs: number, now: () => number = () => performance.now()) {
    this.#maxMs = maxMs;
    this.#now = now;
  }

  /** How long the gateway keeps idle connections, in milliseconds. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /** Records that a connection was good after an idle time. */
  wasGood(idleMs: number): void {
    if (idleMs < SHORTEST_IDLE_MS) return;
    const now = this.#now();
    if (idleMs >= this.#good.idleMs || now - this.#good.at > EVIDENCE_MS) this.#good = { idleMs, at: now };
  }

  /** Records that the server has closed a connection after an idle time. Returns whether `maxMs` is now shorter. */
  wasClosed(idleMs: number): boolean {
    const now = this.#now();
    const isDisproved = idleMs < this.#good.idleMs && now - this.#good.at <= EVIDENCE_MS;
    if (idleMs < SHORTEST_IDLE_MS || isDisproved) return false;
    const before = this.#closed;
    this.#closed = { idleMs, at: now };
    const isSameLimit = Math.abs(idleMs - before.idleMs) <= TOLERANCE * before.idleMs;
    if (!isSameLimit || now - before.at < SAME_MOMENT_MS) return false;
    const maxMs = Math.floor(Math.min(idleMs, before.idleMs) * USED_SHARE);
    if (maxMs >= this.#maxMs) return false;
    this.#maxMs = maxMs;
    return true;
  }
}
