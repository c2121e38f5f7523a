import { Readable } from 'node:stream';

/** What the head of a file's part says. */
export interface FileHead {
  /** Without folders; `undefined` where the client has sent none. */
  readonly filename: string | undefined;
  /** In lower case, without parameters; `undefined` where it is not valid. */
  readonly mediaType: string | undefined;
}

/** What a file needs of the request that it comes with. */
export interface FileOwner {
  /** Called when a file is needed that has not arrived. */
  waitFor(file: UploadedFile): void;
  /**
   * Called for bytes of a file that nobody reads yet, when its buffer is full. Returns whether more may be held in memory, because a
   * later file is needed first.
   */
  mayHold(file: UploadedFile): boolean;
}

/** In bytes: the buffer between the client and what reads a file. */
const BUFFER = 65_536;

/**
 * A file of a request: the value of a variable of the scalar `Upload`. In JSON it is null, as the GraphQL multipart request specification
 * wants it.
 *
 * Its content is a stream that exists before the file arrives. Whatever reads it slows the client down; what destroys it discards the rest
 * of the file, so that the next one can arrive.
 *
 * @see https://github.com/jaydenseric/graphql-multipart-request-spec
 */
export class UploadedFile {
  // all private, so that what walks over variables finds no members
  readonly #name: string;
  readonly #path: string;
  readonly #owner: FileOwner;
  readonly #content: FileContent;
  #part: Readable | undefined;
  #head: FileHead | undefined;
  #isClaimed = false;
  #isOpen = false;
  #onArrival: (() => void)[] = [];
  #isExpected = false;

  constructor(name: string, path: string, owner: FileOwner) {
    this.#name = name;
    this.#path = path;
    this.#owner = owner;
    this.#content = new FileContent(this);
  }

  /** The name of its part, a key of `map`. */
  get name(): string {
    return this.#name;
  }

  /** Its first path in `map`, for messages: `variables.file`. */
  get path(): string {
    return brief(this.#path);
  }

  /** Its name and path, for messages: `"0" (variables.file)`. */
  get label(): string {
    return `"${brief(this.#name)}" (${this.path})`;
  }

  /** Whether a fetch has it, and will read it without waiting for a later file. */
  get isExpected(): boolean {
    return this.#isExpected;
  }

  set isExpected(isExpected: boolean) {
    this.#isExpected = isExpected;
  }

  /** As `null`: the file itself is another part of the request. */
  toJSON(): null {
    return null;
  }

  /** `undefined` until it arrives. */
  get head(): FileHead | undefined {
    return this.#head;
  }

  get filename(): string | undefined {
    return this.#head?.filename;
  }

  get mediaType(): string | undefined {
    return this.#head?.mediaType;
  }

  /** Bytes in memory. */
  get held(): number {
    return this.#content.readableLength;
  }

  /** Reserves the file for one fetch. Returns false where another one has it: a stream can be sent once. */
  claim(): boolean {
    if (this.#isClaimed) return false;
    this.#isClaimed = true;
    return true;
  }

  /**
   * Returns the content. Returns `undefined` where it was opened before.
   * @param onArrival called when the head of the file is known, now or later; never where the file does not arrive, and the content is
   * destroyed with an error then
   */
  open(onArrival: () => void): Readable | undefined {
    if (this.#isOpen) return undefined;
    this.#isOpen = true;
    this.#isExpected = true;
    if (this.#head !== undefined) onArrival();
    else {
      this.#onArrival.push(onArrival);
      if (!this.#content.destroyed) this.#owner.waitFor(this);
    }
    return this.#content;
  }

  /** Whether its content cannot be read any more. */
  get isOver(): boolean {
    return this.#content.destroyed;
  }

  /** Whether something waits for it to arrive. */
  get isAwaited(): boolean {
    return this.#isOpen && this.#head === undefined && !this.#content.destroyed;
  }

  /** Takes the part of the file. `part` ends with the file. */
  arrive(head: FileHead, part: Readable): void {
    this.#head = head;
    this.#part = part;
    part.on('data', (chunk: Buffer) => this.#take(chunk));
    part.on('end', () => {
      this.#part = undefined;
      if (!this.#content.destroyed) this.#content.push(null);
    });
    const waiting = this.#onArrival;
    this.#onArrival = [];
    for (const arrived of waiting) arrived();
  }

  #take(chunk: Buffer): void {
    if (this.#content.destroyed || this.#content.push(chunk)) return;
    if (this.#isExpected || !this.#owner.mayHold(this)) this.#part?.pause();
  }

  /** Reads on from the client. */
  resume(): void {
    this.#part?.resume();
  }

  /** Ends the file: what arrives of it is discarded. With an error, what reads it fails. */
  discard(error?: Error): void {
    this.#content.destroy(error);
  }
}

/** Shortens a client's text. */
function brief(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** The names of the scalars of files. */
export const FILE_SCALARS: ReadonlySet<string> = new Set(['Upload', 'File']);

class FileContent extends Readable {
  readonly #file: UploadedFile;

  constructor(file: UploadedFile) {
    super({ highWaterMark: BUFFER });
    this.#file = file;
    // without a reader, an error concerns nobody
    this.on('error', () => {});
  }

  override _read(): void {
    this.#file.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#file.resume();
    done(error);
  }
}
