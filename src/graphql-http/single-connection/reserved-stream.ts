import type { Identity } from '../../client/identity.ts';
import { retryText } from '../../http/retry-text.ts';
import { type ByteBudget, COUNTED_FROM, type HeldBytes } from '../../shared/byte-budget.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import { ShuttingDownError, SUBSCRIBE_ELSEWHERE } from '../../shared/shutting-down-error.ts';
import { HEARTBEAT } from '../writers/server-sent-events.ts';

/** An operation whose events go to a stream. */
export interface StreamOperation {
  /** Set by {@link ReservedStream.cancel}, and when the stream ends. */
  isCancelled: boolean;
  /** Called when it is cancelled. */
  onCancel: (() => void) | undefined;
  /** Ends it after what waits, where it lasts for long: the gateway stops. */
  onInterrupt: (() => void) | undefined;
}

/** Limits of one stream. */
export interface StreamLimits {
  readonly maxOperations: number;
  /** How long a reservation waits for its stream, in milliseconds. */
  readonly claimTimeoutMs: number;
  /** Counts the bytes that the client has not taken. */
  readonly budget?: ByteBudget | undefined;
}

interface Piece {
  readonly text: string;
  readonly bytes: number;
  readonly onTaken: () => void;
}

/**
 * The one event stream of a client, with the events of all its operations. It is reserved first; operations may begin before the
 * client opens it.
 */
export class ReservedStream {
  readonly owner: Identity | undefined;
  readonly #operations = new Map<string, StreamOperation>();
  readonly #maxOperations: number;
  readonly #waiting: Piece[] = [];
  readonly #held: HeldBytes | undefined;
  readonly #limit: number;
  #waitingBytes = 0;
  readonly #onEnd: () => void;
  #wake: () => void = () => {};
  #state: 'reserved' | 'open' | 'leaving' | 'interrupted' | 'ended' = 'reserved';
  #claimTimer: NodeJS.Timeout | undefined;

  /**
   * @param owner the user that has reserved it
   * @param onEnd called once, when the stream has ended, or was not opened in time
   */
  constructor(owner: Identity | undefined, limits: StreamLimits, onEnd: () => void) {
    this.owner = owner;
    this.#maxOperations = limits.maxOperations;
    this.#onEnd = onEnd;
    this.#held = limits.budget?.open(true);
    this.#limit = limits.budget?.limit ?? Number.POSITIVE_INFINITY;
    this.#claimTimer = setTimeout(() => this.end(), limits.claimTimeoutMs).unref();
  }

  /**
   * Begins an operation. Throws `GatewayError` 409 for an id that is in use, 429 where there are too many, and 503 when the gateway stops.
   */
  begin(id: string): StreamOperation {
    if (this.#state === 'leaving' || this.#state === 'interrupted') throw new ShuttingDownError(SUBSCRIBE_ELSEWHERE);
    if (this.#operations.has(id)) {
      const message = `The stream has an operation with the operationId ${JSON.stringify(id)}. Use a new one.`;
      throw new GatewayError(409, 'CONFLICT', message);
    }
    if (this.#operations.size >= this.#maxOperations) {
      const message =
        `This stream has ${this.#maxOperations} operations, as many as subscription.single_connection.max_operations ` +
        'allows.';
      throw new GatewayError(429, 'SUBSCRIPTION_LIMIT_EXCEEDED', message);
    }
    const operation: StreamOperation = { isCancelled: false, onCancel: undefined, onInterrupt: undefined };
    this.#operations.set(id, operation);
    return operation;
  }

  /** Removes an operation that has ended. */
  finish(id: string, operation: StreamOperation): void {
    if (this.#operations.get(id) === operation) this.#operations.delete(id);
    if (this.#state === 'leaving') this.interrupt();
  }

  /** Cancels an operation. Does nothing for one that has ended. */
  cancel(id: string): void {
    const operation = this.#operations.get(id);
    if (operation === undefined) return;
    this.#operations.delete(id);
    operation.isCancelled = true;
    operation.onCancel?.();
    if (this.#state === 'leaving') this.interrupt();
  }

  /**
   * Sends the text of an event. Resolves when the client has taken it, or the stream has ended: it ends where there is no memory for what
   * waits.
   */
  send(text: string): Promise<void> {
    if (this.#state === 'ended') return Promise.resolve();
    const bytes = Buffer.byteLength(text);
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > COUNTED_FROM && !this.#hold(bytes)) {
      this.end();
      return Promise.resolve();
    }
    return new Promise((onTaken) => {
      this.#waiting.push({ text, bytes, onTaken });
      this.#wake();
    });
  }

  /** Counts the bytes of one more event. Returns whether there is room: one that is alone may have more than the limit, several may not. */
  #hold(bytes: number): boolean {
    if (this.#held === undefined) return true;
    const isAlone = this.#waiting.length === 0;
    return (isAlone || this.#waitingBytes <= this.#limit) && this.#held.take(bytes);
  }

  /** Opens the stream, once. Throws `GatewayError` 409 for a stream that is open. */
  open(heartbeatMs: number): AsyncGenerator<string> {
    if (this.#state !== 'reserved') {
      throw new GatewayError(409, 'CONFLICT', 'The event stream of this token is open already. Reserve another one.');
    }
    this.#state = 'open';
    clearTimeout(this.#claimTimer);
    return this.#pieces(heartbeatMs);
  }

  /**
   * Ends the stream because the gateway stops, so that the client connects again elsewhere: after the end of all subscriptions, and the
   * results of other operations.
   */
  interrupt(): void {
    if (this.#state === 'reserved') return this.end();
    if (this.#state === 'open') {
      this.#state = 'leaving';
      for (const { onInterrupt } of this.#operations.values()) onInterrupt?.();
    }
    if (this.#state !== 'leaving' || this.#operations.size > 0) return;
    this.#state = 'interrupted';
    this.#wake();
  }

  /** Ends the stream, and cancels its operations. */
  end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#claimTimer);
    this.#wake();
    for (const { onTaken } of this.#waiting.splice(0)) onTaken();
    this.#held?.release();
    for (const id of [...this.#operations.keys()]) this.cancel(id);
    this.#onEnd();
  }

  async *#pieces(heartbeatMs: number): AsyncGenerator<string> {
    // some browsers report that a stream is open only after its first bytes
    yield HEARTBEAT;
    for (;;) {
      const piece = this.#waiting.shift();
      if (piece !== undefined) {
        this.#waitingBytes -= piece.bytes;
        if (this.#waitingBytes <= COUNTED_FROM) this.#held?.clear();
        try {
          yield piece.text;
        } finally {
          piece.onTaken();
        }
      } else if (this.#state === 'interrupted') return yield retryText();
      else if (this.#state === 'ended') return;
      else if (await this.#isSilentFor(heartbeatMs)) yield HEARTBEAT;
    }
  }

  /** Resolves with false when something is to be sent, or with true after so many milliseconds. */
  #isSilentFor(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), ms).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });
  }
}
