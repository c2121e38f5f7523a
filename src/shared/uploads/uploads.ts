import type { Readable } from 'node:stream';
import { GatewayError } from '../gateway-error.ts';
import { OverloadedError } from '../overloaded-error.ts';
import { SKIPPED_PARTS } from './part-headers.ts';
import { type FileHead, type FileOwner, UploadedFile } from './uploaded-file.ts';

/**
 * In bytes. So much of the files of one request is held in memory where the operation needs a later file first. In front of anything longer,
 * the order in which the client sends its files matters.
 */
export const MOST_HELD = 1_048_576;

/** In bytes. An upload that makes less progress in the time of a timeout counts as stalled. */
const LEAST_PROGRESS = 65_536;

/** What reads the body of the request. */
export interface UploadSource {
  /** Counts bytes that are held in memory, until it stops. Returns false where there is no room for them. */
  reserve(bytes: number): boolean;
  /** Stops parsing. The rest of the body is discarded. */
  stop(): void;
}

/**
 * The files of one request, which arrive one after the other while the operation runs.
 *
 * A file that nobody reads stops the client (back-pressure). Where a later file is needed first, it is held in memory, up to
 * {@link MOST_HELD}; more than that ends the request.
 */
export class Uploads implements FileOwner {
  readonly files: ReadonlyMap<string, UploadedFile>;
  /** Rejects with a `GatewayError` or `ClientDisconnected` when the rest of the body cannot be used. */
  readonly failure: Promise<never>;
  /** With what it has failed. */
  error: Error | undefined;
  /** Bytes of the body so far. */
  received = 0;
  /** Whether the body has arrived as a whole. */
  isComplete = false;
  /** Aborts the operation, before its files end with an error. */
  abort: (() => void) | undefined;
  readonly #source: UploadSource;
  readonly #fail: (error: Error) => void;
  /** The file that arrives now. */
  #current: UploadedFile | undefined;
  readonly #arrived = new Set<UploadedFile>();
  /** Whether there is memory for files that wait for a later one. */
  #isReserved = false;
  #isOver = false;

  /** @param paths the paths in `map` by the name of their file */
  constructor(paths: ReadonlyMap<string, readonly string[]>, source: UploadSource) {
    const files = [...paths].map(([name, [path = name]]) => [name, new UploadedFile(name, path, this)] as const);
    this.files = new Map(files);
    this.#source = source;
    let fail!: (error: Error) => void;
    this.failure = new Promise<never>((_, reject) => {
      fail = reject;
    });
    this.#fail = fail;
    // it may happen when nobody waits for the result any more
    this.failure.catch(() => {});
  }

  /** Takes the part of a file. Returns false, and takes nothing, for one that `map` does not have, or that came before. */
  arrive(name: string, head: FileHead, part: Readable): boolean {
    const file = this.files.get(name);
    if (file === undefined || this.#arrived.has(file)) return false;
    this.#arrived.add(file);
    this.#current = file;
    part.on('end', () => {
      if (this.#current === file) this.#current = undefined;
    });
    if (this.#isOver) file.discard();
    file.arrive(head, part);
    return true;
  }

  /** Ends the body. Fails where a file of `map` has not come. */
  complete(): void {
    this.isComplete = true;
    const missing = [...this.files.values()].filter((file) => !this.#arrived.has(file));
    const [first] = missing;
    if (first === undefined) return;
    // the parser skips a part whose header it does not accept
    const message =
      `The file ${first.label} of "map" is not in the request body, or was skipped: ` +
      `its file name must have no line breaks, also encoded (%0D, %0A), and ${SKIPPED_PARTS}.`;
    this.fail(new GatewayError(400, 'BAD_REQUEST', message));
  }

  /** Ends everything that uses the files. */
  fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.error = error;
    this.#fail(error);
    // before the files end: the fetches that send them are cancelled, and have not failed
    this.abort?.();
    this.#end(error);
  }

  /** Ends the upload when the operation has its result: what still arrives is discarded. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end(undefined);
  }

  #end(error: Error | undefined): void {
    for (const file of this.files.values()) file.discard(error);
    this.#source.stop();
  }

  /** Returns a function that returns whether the upload has made progress since its last call. */
  watchProgress(): () => boolean {
    let before = this.received;
    return () => {
      const isMoving = this.received - before >= LEAST_PROGRESS;
      before = this.received;
      return isMoving;
    };
  }

  waitFor(): void {
    // it checks again what may be held
    this.#current?.resume();
  }

  mayHold(file: UploadedFile): boolean {
    const awaited = [...this.files.values()].find(({ isAwaited }) => isAwaited);
    if (awaited === undefined) return false;
    let held = 0;
    for (const arrived of this.#arrived) if (!arrived.isExpected) held += arrived.held;
    if (held <= MOST_HELD) {
      this.#isReserved ||= this.#source.reserve(MOST_HELD);
      if (!this.#isReserved) this.fail(new OverloadedError('files that have to wait for others'));
      return this.#isReserved;
    }
    const message =
      `The operation needs the file ${awaited.label} before the file ${file.label}, which comes first ` +
      `and is larger than the ${MOST_HELD} bytes that are held. Send the files in the order in which the operation uses them.`;
    this.fail(new GatewayError(400, 'BAD_REQUEST', message));
    return false;
  }
}
