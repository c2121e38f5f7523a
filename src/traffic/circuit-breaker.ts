import { SlidingWindow } from './sliding-window.ts';

/** Settings as the config has them: shares from 0 to 1, durations in milliseconds. */
export interface CircuitBreakerSettings {
  /** The share of failures that opens the circuit. */
  readonly error_threshold: number;
  /** Failures in a row that open the circuit, with any number of calls. */
  readonly consecutive_failures?: number | undefined;
  /** Opens the circuit when `share` of the calls took longer than `duration`. */
  readonly slow_threshold?: { readonly duration: number; readonly share: number } | undefined;
  /** Shares count only with so many calls in the window. */
  readonly volume_threshold: number;
  readonly window: number;
  /** How long the circuit stays open. */
  readonly reset_timeout: number;
  /** Calls that test the endpoint afterwards. All of them have to succeed. */
  readonly half_open_attempts: number;
}

export type CircuitState = 'closed' | 'half_open' | 'open';

/** `ignored`: the call says nothing about the endpoint, such as one that the client has cancelled. */
export type CallOutcome = 'success' | 'failure' | 'ignored';

export type OnStateChange = (state: CircuitState, reason: string) => void;

const CALLS = 0;
const FAILURES = 1;
const SLOW = 2;

/**
 * Stops calls to an endpoint that fails, so that clients do not wait for it and it gets time to recover.
 *
 * - **closed**: calls are made. Their outcomes count in a sliding window. The circuit opens when failures in a row reach
 *   `consecutive_failures`, or when the window has `volume_threshold` calls and the share of failures or of slow calls reaches its
 *   threshold.
 * - **open**: calls are rejected for `reset_timeout`.
 * - **half-open**: `half_open_attempts` calls are made, all others rejected. If all of them succeed in time, the circuit closes with an
 *   empty window. One that fails or is slow opens it again. One that is ignored makes room for another.
 *
 * A call belongs to the state in which it began: `acquire` returns the number of that period, and the outcome of a call from an
 * earlier period is ignored. Otherwise calls that hang since before the outage would open a circuit that has recovered.
 *
 * Not cockatiel: its breakers have one condition each (failures in a row, or a share of them) and know no slow calls. They run
 * a promise for each call, which costs more than these lines, and they report a rejection as an exception.
 */
export class CircuitBreaker {
  readonly #settings: CircuitBreakerSettings;
  /** The clock of the breaker, in milliseconds. */
  readonly now: () => number;
  readonly #onChange: OnStateChange | undefined;
  readonly #window: SlidingWindow;
  #state: CircuitState = 'closed';
  #period = 0;
  #failuresInARow = 0;
  #openedAt = 0;
  #isTripped = false;
  /** Probes of the half-open state: those that began, and those that succeeded. */
  #probes = 0;
  #succeeded = 0;

  /** @param now a monotonic clock, in milliseconds */
  constructor(settings: CircuitBreakerSettings, onChange?: OnStateChange, now: () => number = () => performance.now()) {
    this.#settings = settings;
    this.#onChange = onChange;
    this.now = now;
    this.#window = new SlidingWindow(settings.window, 3, now);
  }

  /** The state at this moment. An open circuit is half-open when its time is over, even before the next call. */
  get state(): CircuitState {
    return this.#state === 'open' && this.#isResetDue() ? 'half_open' : this.#state;
  }

  /** Whether a call would be allowed now. Changes nothing: a balancer looks at all endpoints and calls one. */
  get isCallable(): boolean {
    const { state } = this;
    if (state === 'half_open' && this.#state === 'half_open') return this.#probes < this.#settings.half_open_attempts;
    return state !== 'open';
  }

  /** Whether an operator has opened the circuit. It stays open until `reset`. */
  get isTripped(): boolean {
    return this.#isTripped;
  }

  /** Opens the circuit until `reset`, whatever calls do. */
  trip(): void {
    this.#isTripped = true;
    this.#open('tripped by an operator');
  }

  /** Closes the circuit with an empty window. */
  reset(): void {
    this.#isTripped = false;
    this.#enter('closed', 'reset by an operator');
  }

  /** Begins a call. Returns the number of the period, for `record`; `undefined` when the call is rejected. */
  acquire(): number | undefined {
    if (this.#state === 'open' && this.#isResetDue()) this.#enter('half_open', 'reset_timeout is over');
    if (this.#state === 'open') return undefined;
    if (this.#state === 'half_open' && this.#probes++ >= this.#settings.half_open_attempts) {
      this.#probes--;
      return undefined;
    }
    return this.#period;
  }

  /**
   * Ends a call.
   * @param ms how long it took, in milliseconds
   * @param now the time of the clock, where it is known
   */
  record(period: number, outcome: CallOutcome, ms: number, now: number = this.now()): void {
    if (period !== this.#period) return;
    const { slow_threshold: slow } = this.#settings;
    const isSlow = slow !== undefined && ms > slow.duration;
    if (outcome === 'ignored' && !isSlow) {
      if (this.#state === 'half_open') this.#probes--;
    } else if (this.#state === 'half_open') this.#recordProbe(outcome === 'failure', isSlow);
    else this.#recordCall(outcome === 'failure', isSlow, now);
  }

  #recordProbe(isFailure: boolean, isSlow: boolean): void {
    if (isFailure || isSlow) this.#open(isFailure ? 'a probe failed' : 'a probe was slow');
    else if (++this.#succeeded >= this.#settings.half_open_attempts) this.#enter('closed', 'all probes succeeded');
  }

  #recordCall(isFailure: boolean, isSlow: boolean, now: number): void {
    const window = this.#window;
    window.add(CALLS, now);
    if (isFailure) window.add(FAILURES, now);
    if (isSlow) window.add(SLOW, now);
    this.#failuresInARow = isFailure ? this.#failuresInARow + 1 : 0;
    const reason = this.#reasonToOpen(now);
    if (reason !== undefined) this.#open(reason);
  }

  #reasonToOpen(now: number): string | undefined {
    const { consecutive_failures: inARow, volume_threshold, error_threshold, slow_threshold: slow } = this.#settings;
    if (inARow !== undefined && this.#failuresInARow >= inARow) return `${inARow} failures in a row`;
    const calls = this.#window.sum(CALLS, now);
    if (calls < volume_threshold) return undefined;
    const failures = this.#window.sum(FAILURES, now);
    if (failures > 0 && failures >= error_threshold * calls) return `${failures} of ${calls} calls failed`;
    const slowCalls = this.#window.sum(SLOW, now);
    if (slow !== undefined && slowCalls > 0 && slowCalls >= slow.share * calls)
      return `${slowCalls} of ${calls} calls were slow`;
    return undefined;
  }

  #open(reason: string): void {
    this.#openedAt = this.now();
    this.#enter('open', reason);
  }

  #enter(state: CircuitState, reason: string): void {
    this.#state = state;
    this.#period++;
    this.#probes = 0;
    this.#succeeded = 0;
    this.#failuresInARow = 0;
    if (state === 'closed') this.#window.clear();
    this.#onChange?.(state, reason);
  }

  #isResetDue(): boolean {
    return !this.#isTripped && this.now() - this.#openedAt >= this.#settings.reset_timeout;
  }
}
