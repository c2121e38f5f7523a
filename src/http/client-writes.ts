import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type ByteBudget, COUNTED_FROM, type HeldBytes } from '../shared/byte-budget.ts';
import { Deadline, type Expirable } from '../shared/deadline.ts';
import { OverloadedError } from '../shared/overloaded-error.ts';
import type { ResponseHook } from './response-hook.ts';

/** Bodies up to this size are written at once, in bytes. */
const ONE_WRITE = 262_144;

/** A larger body is written in parts of this size, each when the one before is taken: so that progress can be seen. */
const PART = 65_536;

export interface ClientWritesOptions {
  /** Counts the bytes that clients have not taken. */
  readonly budget: ByteBudget;
  /** In each such time a client has to take something, in milliseconds. */
  readonly timeoutMs: number;
  /** The least that a client has to take, in bytes per second. */
  readonly minRate: number;
  /** Called for each client that is cut off. */
  readonly onCutOff?: (() => void) | undefined;
}

/** A response that knows how its bytes are written. Responses of the admin listener do not. */
export interface ClientResponse extends ServerResponse {
  clientWrites?: ClientWrites | undefined;
  /** Changes the response before it is written. */
  responseHook?: ResponseHook | undefined;
}

/** Returns what a response is written with; `undefined` where nothing limits it. */
export function clientWritesOf(res: ServerResponse): ClientWrites | undefined {
  return (res as ClientResponse).clientWrites;
}

/** A body that several responses share, and that is held until the last of them has been taken. */
interface SharedBody {
  readonly held: HeldBytes;
  users: number;
}

/**
 * Writes responses to clients, and cuts off clients that do not read them. What a client takes at once costs nothing here. What it
 * does not is counted, and has to be taken at a minimum rate.
 *
 * The kernel takes bytes, too: up to some megabytes for each connection, which count as taken by the client.
 */
export class ClientWrites {
  readonly #options: ClientWritesOptions;
  readonly #bodies = new Map<Buffer, SharedBody>();

  constructor(options: ClientWritesOptions) {
    this.#options = options;
  }

  /** The bytes that a client has to take in {@link timeoutMs}. */
  get leastTaken(): number {
    return Math.max(1, (this.#options.minRate * this.#options.timeoutMs) / 1_000);
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** Throws `OverloadedError` if there is no room for a body in case that its client does not take it at once. */
  check(body: string | Buffer): void {
    if (body.length <= COUNTED_FROM || (typeof body !== 'string' && this.#bodies.has(body))) return;
    if (!this.#options.budget.hasRoom(Buffer.byteLength(body))) throw new OverloadedError('further large responses');
  }

  /** Writes the whole body of a response whose head is written, and ends the response. */
  end(res: ServerResponse, body: string | Buffer): void {
    if (body.length <= ONE_WRITE || !hasBody(res)) {
      res.end(body);
      // zero if the client, or the kernel for it, has taken everything
      if (res.writableLength > 0) this.#watch(res, typeof body === 'string' ? Buffer.from(body) : body);
    } else new BodyWrite(this, res, typeof body === 'string' ? Buffer.from(body) : body).start();
  }

  /** Counts a body while it is compressed. Throws `OverloadedError` as {@link check} does. */
  async hold<T>(body: string | Buffer, mustSend: boolean, work: () => Promise<T>): Promise<T> {
    if (!mustSend) this.check(body);
    if (typeof body === 'string' || body.length <= COUNTED_FROM) return work();
    this.enter(body);
    try {
      return await work();
    } finally {
      this.leave(body);
    }
  }

  /** Watches an event stream. The returned object has to know of each write. */
  openStream(res: ServerResponse): StreamWrites {
    return new StreamWrites(this, res);
  }

  /** @internal Counts a body until `leave` is called with it. */
  enter(body: Buffer): void {
    const shared = this.#bodies.get(body);
    if (shared) shared.users++;
    else {
      // whether there is room was checked before the head was written
      const held = this.#options.budget.open(false);
      held.take(body.length);
      this.#bodies.set(body, { held, users: 1 });
    }
  }

  /** @internal */
  leave(body: Buffer): void {
    const shared = this.#bodies.get(body);
    if (shared === undefined || --shared.users > 0) return;
    shared.held.release();
    this.#bodies.delete(body);
  }

  /** Starts to count what a client has not taken. */
  openHeld(): HeldBytes {
    return this.#options.budget.open(true);
  }

  /** Counts a client that was cut off. */
  countCutOff(): void {
    this.#options.onCutOff?.();
  }

  /** @internal Ends the connection of a client that does not read. */
  cutOff(res: ServerResponse): void {
    this.countCutOff();
    abortConnection(res);
  }

  #watch(res: ServerResponse, body: Buffer): void {
    this.enter(body);
    const progress = new Progress(this, res);
    res.on('close', () => {
      progress.stop();
      this.leave(body);
    });
  }
}

function hasBody({ req, statusCode }: ServerResponse): boolean {
  return req.method !== 'HEAD' && statusCode !== 304 && statusCode !== 204;
}

/** Resets the connection: closed in order, the kernel would keep what it has for the client for minutes. */
function abortConnection(res: ServerResponse): void {
  const { socket } = res;
  try {
    socket?.resetAndDestroy();
  } catch {
    // only plain TCP can be reset
  }
  res.destroy();
}

/** Bytes of a response that are not written yet. */
interface Unwritten {
  readonly unwritten: number;
}

/** Measures what a client takes, and cuts it off when that is too little. */
class Progress implements Expirable {
  readonly #writes: ClientWrites;
  readonly #res: ServerResponse;
  readonly #rest: Unwritten | undefined;
  /** Bytes that were not taken when the current period began. */
  #leftAtStart = 0;
  /** Bytes that were added since. */
  #added = 0;
  #deadline: Deadline | undefined;

  constructor(writes: ClientWrites, res: ServerResponse, rest?: Unwritten) {
    this.#writes = writes;
    this.#res = res;
    this.#rest = rest;
    this.#startPeriod();
  }

  /** Counts bytes that were written to a stream. */
  add(bytes: number): void {
    if (this.#deadline === undefined) this.#startPeriod();
    else this.#added += bytes;
  }

  expire(): void {
    this.#deadline = undefined;
    const res = this.#res;
    if (res.destroyed) return;
    const left = this.#left();
    const taken = this.#leftAtStart + this.#added - left;
    // a pipelined response waits for the one before it, which is watched itself
    const isBehindAnother = res.socket === null;
    if (!isBehindAnother && taken < Math.min(this.#writes.leastTaken, this.#leftAtStart)) this.#writes.cutOff(res);
    else if (left > 0) this.#startPeriod();
  }

  stop(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }

  #left(): number {
    return this.#res.writableLength + (this.#rest?.unwritten ?? 0);
  }

  #startPeriod(): void {
    this.#leftAtStart = this.#left();
    this.#added = 0;
    this.#deadline = new Deadline(this.#writes.timeoutMs, this);
    this.#deadline.unref();
  }
}

/** Writes one large body in parts. */
class BodyWrite implements Unwritten {
  readonly #writes: ClientWrites;
  readonly #res: ServerResponse;
  readonly #body: Buffer;
  #at = 0;

  constructor(writes: ClientWrites, res: ServerResponse, body: Buffer) {
    this.#writes = writes;
    this.#res = res;
    this.#body = body;
  }

  get unwritten(): number {
    return this.#body.length - this.#at;
  }

  start(): void {
    this.#writes.enter(this.#body);
    const progress = new Progress(this.#writes, this.#res, this);
    this.#res.on('drain', () => this.#writeNext());
    this.#res.on('close', () => {
      progress.stop();
      this.#writes.leave(this.#body);
    });
    this.#writeNext();
  }

  #writeNext(): void {
    const res = this.#res;
    let isTaken = true;
    while (isTaken && !res.destroyed && !res.writableEnded) {
      const part = this.#body.subarray(this.#at, this.#at + PART);
      this.#at += part.length;
      if (this.unwritten > 0) isTaken = res.write(part);
      else res.end(part);
    }
  }
}

/** Counts what the client of an event stream has not taken, and cuts it off when it stops reading. A silent stream may stay open. */
export class StreamWrites {
  readonly #writes: ClientWrites;
  readonly #res: ServerResponse;
  readonly #held: HeldBytes;
  #progress: Progress | undefined;

  constructor(writes: ClientWrites, res: ServerResponse) {
    this.#writes = writes;
    this.#res = res;
    this.#held = writes.openHeld();
    res.on('drain', () => this.#held.clear());
    res.on('close', () => {
      this.#progress?.stop();
      this.#held.release();
    });
  }

  /**
   * Writes to the stream. Without room for what the client has not taken yet, the connection ends: the client sees a stream
   * without its last event, and connects again.
   */
  write(text: string | Buffer): void {
    const res = this.#res;
    const bytes = Buffer.byteLength(text);
    if (res.writableLength + bytes > COUNTED_FROM && !this.#held.take(bytes)) return this.#writes.cutOff(res);
    res.write(text);
    if (this.#progress === undefined) this.#progress = new Progress(this.#writes, res);
    else this.#progress.add(bytes);
  }
}

/** Resolves when the client has taken enough of what was written, or has left. */
export async function untilTaken(res: ServerResponse): Promise<void> {
  if (!res.writableNeedDrain || res.destroyed) return;
  const stop = new AbortController();
  const ended = (event: 'drain' | 'close') => once(res, event, { signal: stop.signal });
  try {
    await Promise.race([ended('drain'), ended('close')]);
  } catch (error) {
    // a broken connection ends the stream as a closed one does
    if (!res.destroyed) throw error;
  } finally {
    stop.abort();
  }
}
