import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { UploadedFile } from '../shared/uploads/uploaded-file.ts';

/** A part of a body in multipart/form-data: a text or a file. */
export type BodyPart = readonly [name: string, value: string | UploadedFile];

/** In bytes: the buffer between the client and the source. */
const BUFFER = 65_536;

/**
 * A body in multipart/form-data that is written while its files arrive: first the texts, then the files in the order of their arrival.
 * Reads from the client only as fast as it is read itself. When it is destroyed, what is left of its files is discarded.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7578
 */
export class MultipartBody extends Readable {
  readonly contentType: string;
  /** Bytes that were written. */
  sentBytes = 0;
  readonly #boundary = `headgate-${randomBytes(18).toString('base64url')}`;
  readonly #texts: readonly BodyPart[];
  readonly #files: ReadonlyMap<UploadedFile, string>;
  /** Files that have arrived and are not written yet, with their content. */
  readonly #ready: (readonly [UploadedFile, Readable])[] = [];
  #missing: number;
  #current: Readable | undefined;
  #hasBegun = false;

  /** Throws `FileTakenError` for a file that is sent with another body. */
  constructor(parts: readonly BodyPart[]) {
    super({ highWaterMark: BUFFER });
    this.contentType = `multipart/form-data; boundary=${this.#boundary}`;
    this.#texts = parts.filter(([, value]) => typeof value === 'string');
    this.#files = new Map(
      parts.flatMap(([name, value]) => (typeof value === 'string' ? [] : [[value, name] as const])),
    );
    this.#missing = this.#files.size;
    // whatever breaks it is reported by the call that sends it
    this.on('error', () => {});
    for (const file of this.#files.keys()) this.#open(file);
  }

  override _read(): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      for (const [name, text] of this.#texts) this.#write(`${this.#head(name)}\r\n\r\n${text as string}\r\n`);
      this.#next();
    } else this.#current?.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    for (const file of this.#files.keys()) file.discard();
    done(error);
  }

  #open(file: UploadedFile): void {
    const content = openFile(file, () => {
      // after the constructor of a file that is there already
      queueMicrotask(() => {
        this.#ready.push([file, content]);
        this.#missing -= 1;
        if (this.#hasBegun) this.#next();
      });
    });
    if (content.destroyed) this.destroy(new Error('The upload has ended.'));
    content.on('error', (error) => this.destroy(error));
    content.on('close', () => {
      if (!content.readableEnded) this.destroy(new Error('The upload has ended.'));
    });
  }

  /** Writes the next file, or the end. */
  #next(): void {
    if (this.#current !== undefined || this.destroyed) return;
    const next = this.#ready.shift();
    if (next !== undefined) return this.#writeFile(...next);
    if (this.#missing > 0) return;
    this.#write(`--${this.#boundary}--\r\n`);
    this.push(null);
  }

  #writeFile(file: UploadedFile, content: Readable): void {
    this.#current = content;
    const { filename = file.name, mediaType = DEFAULT_TYPE } = file;
    const name = this.#files.get(file) as string;
    this.#write(`${this.#head(name)}; filename="${quoted(filename)}"\r\nContent-Type: ${mediaType}\r\n\r\n`);
    content.on('data', (chunk: Buffer) => {
      if (!this.#write(chunk)) content.pause();
    });
    content.on('end', () => {
      this.#current = undefined;
      this.#write('\r\n');
      this.#next();
    });
  }

  #head(name: string): string {
    return `--${this.#boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"`;
  }

  #write(chunk: string | Buffer): boolean {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.sentBytes += bytes.length;
    return this.push(bytes);
  }
}

export const DEFAULT_TYPE = 'application/octet-stream';

/** Thrown for a file that was opened before. */
export class FileTakenError extends Error {
  constructor({ path }: UploadedFile) {
    super(`the file at "${path}" can be sent once, and another request has it`);
    this.name = 'FileTakenError';
  }
}

/** Returns the content of a file. Throws `FileTakenError` where it was opened before. */
export function openFile(file: UploadedFile, onArrival: () => void): Readable {
  const content = file.open(onArrival);
  if (content === undefined) throw new FileTakenError(file);
  return content;
}

/**
 * Returns a name as browsers write it into a part.
 * @see https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 */
function quoted(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}
