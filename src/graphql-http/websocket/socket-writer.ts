import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { ClientWrites } from '../../http/client-writes.ts';
import type { HeldBytes } from '../../shared/byte-budget.ts';
import { Deadline, type Expirable } from '../../shared/deadline.ts';

/** While so many bytes wait for a client, its next message waits, too, and nothing more is read from it. */
const MOST_UNSENT = 65_536;

/**
 * Sends messages to a WebSocket. While a client does not take them, nothing is read from it: what it sends cannot cause more. What waits
 * is counted as all that clients have not taken, and has to be taken at a minimum rate; else the client is cut off.
 */
export class SocketWriter implements Expirable {
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  readonly #writes: ClientWrites | undefined;
  readonly #held: HeldBytes | undefined;
  #deadline: Deadline | undefined;
  #isWaiting = false;
  /** Bytes that were not taken when the current period began. */
  #leftAtStart = 0;
  /** Bytes that were added since. */
  #added = 0;

  constructor(socket: WebSocket, connection: Socket, writes: ClientWrites | undefined) {
    this.#socket = socket;
    this.#connection = connection;
    this.#writes = writes;
    this.#held = writes?.openHeld();
    socket.on('close', () => {
      this.#deadline?.cancel();
      this.#held?.release();
    });
  }

  /** Whether the client has not taken what was sent, so that nothing is read from it. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  get #isFull(): boolean {
    return this.#socket.bufferedAmount > MOST_UNSENT;
  }

  /** Sends a text. Returns a promise while the client has not taken what was sent before. */
  send(text: string): Promise<void> | undefined {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return undefined;
    const wasFull = this.#isFull;
    const taken = wasFull ? new Promise<void>((resolve) => socket.send(text, () => resolve())) : undefined;
    if (!wasFull) socket.send(text);
    if (this.#isFull) this.#wait(Buffer.byteLength(text));
    return taken;
  }

  expire(): void {
    this.#deadline = undefined;
    const { bufferedAmount } = this.#socket;
    const taken = this.#leftAtStart + this.#added - bufferedAmount;
    const least = Math.min(this.#writes?.leastTaken ?? 0, this.#leftAtStart);
    if (taken < least) this.#cutOff();
    else this.#startPeriod();
  }

  /** Stops reading until the client has taken everything that waits. */
  #wait(bytes: number): void {
    const socket = this.#socket;
    this.#added += bytes;
    if (this.#held?.take(bytes) === false) return this.#cutOff();
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    socket.pause();
    this.#startPeriod();
    this.#connection.once('drain', () => this.#drained());
  }

  #drained(): void {
    this.#isWaiting = false;
    this.#deadline?.cancel();
    this.#deadline = undefined;
    this.#held?.clear();
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.resume();
  }

  #startPeriod(): void {
    if (this.#writes === undefined) return;
    this.#leftAtStart = this.#socket.bufferedAmount;
    this.#added = 0;
    this.#deadline = new Deadline(this.#writes.timeoutMs, this);
    this.#deadline.unref();
  }

  #cutOff(): void {
    this.#writes?.countCutOff();
    this.#socket.terminate();
  }
}
