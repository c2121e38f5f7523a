import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import { isMediaType } from '../../client/media-type.ts';
import { shorten } from '../../operation/print-value.ts';
import { type ByteBudget, COUNTED_FROM, type HeldBytes } from '../../shared/byte-budget.ts';
import { ClientDisconnected } from '../../shared/client-disconnected.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import { OverloadedError } from '../../shared/overloaded-error.ts';
import { givenBodyOf } from '../../shared/read-bytes.ts';
import { MAX_HEADER_BYTES, MAX_HEADERS, SKIPPED_PARTS } from '../../shared/uploads/part-headers.ts';
import { type UploadSource, Uploads } from '../../shared/uploads/uploads.ts';
import { discardBody } from './discard-body.ts';
import { readUploadMap, tooManyFiles, type UploadMap } from './upload-map.ts';
import { UploadTimer, type UploadTimes } from './upload-timer.ts';

export interface UploadLimits {
  /** The largest file, in bytes. */
  readonly maxFileBytes: number;
  readonly maxFiles: number;
  /** Without it, a body may take any time. */
  readonly times?: UploadTimes | undefined;
}

export interface MultipartOptions extends UploadLimits {
  /** The most bytes of each of the fields `operations` and `map`. */
  readonly maxFieldBytes: number;
  /** Counts the bytes that are held: those of long fields, and of files that wait for a later one. */
  readonly byteBudget?: ByteBudget | undefined;
  /** Parses the text of a field. Throws `GatewayError` (400). */
  parse(text: string, field: string): unknown;
}

/** A request in multipart/form-data, whose files are still to arrive. */
export interface MultipartRequest {
  /** The text of the field `operations`. */
  readonly text: string;
  readonly operations: unknown;
  readonly map: UploadMap;
  readonly uploads: Uploads;
}

/**
 * Reads a request by the GraphQL multipart request specification, until its files begin: first the field `operations`, then `map`. Rejects
 * with `GatewayError` (400, 408, 413), and with `ClientDisconnected`. What goes wrong later ends the `uploads`.
 *
 * @see https://github.com/jaydenseric/graphql-multipart-request-spec
 */
export function readMultipart(req: IncomingMessage, options: MultipartOptions): Promise<MultipartRequest> {
  const largest = options.maxFiles * options.maxFileBytes + 2 * options.maxFieldBytes + HEADS * (options.maxFiles + 3);
  const length = Number(req.headers['content-length']);
  if (length > largest) {
    // a client that asks first need not send it
    if (req.headers.expect === undefined) discardBody(req);
    return Promise.reject(bodyTooLarge(length, largest));
  }
  return new Promise((resolve, reject) => new MultipartReader(req, options, resolve, reject).start());
}

/** In bytes: what boundaries and headers of one part may take. */
const HEADS = 16_384;
/** In bytes: the buffer of a part. */
const BUFFER = 65_536;

class MultipartReader implements UploadSource {
  readonly #req: IncomingMessage;
  readonly #options: MultipartOptions;
  #resolve: ((request: MultipartRequest) => void) | undefined;
  readonly #reject: (error: Error) => void;
  #body: Readable | undefined;
  #parser: BusboyInstance | undefined;
  #operations: { readonly text: string; readonly value: unknown } | undefined;
  #uploads: Uploads | undefined;
  #timer: UploadTimer | undefined;
  /** Bytes before the files. */
  #fieldBytes = 0;
  #heldFields: HeldBytes | undefined;
  #heldFiles: HeldBytes | undefined;
  /** Files whose part has begun and not ended. */
  #openFiles = 0;
  #isOver = false;

  constructor(
    req: IncomingMessage,
    options: MultipartOptions,
    resolve: (request: MultipartRequest) => void,
    reject: (error: Error) => void,
  ) {
    this.#req = req;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    if (this.#req.destroyed && givenBodyOf(this.#req) === undefined) return this.#reject(new ClientDisconnected());
    const parser = this.#createParser();
    if (parser === undefined) return this.#fail(malformed('the content type has no boundary'));
    this.#parser = parser;
    parser.on('field', (name, value, _nameTruncated, isTruncated) =>
      this.#attempt(() => this.#onField(name, value, isTruncated)),
    );
    // a part may have no name
    parser.on('file', (name = '', part, filename, _encoding, mediaType) =>
      this.#attempt(() => this.#onFile(name, part, filename, mediaType)),
    );
    parser.on('filesLimit', () => this.#fail(tooManyFiles(this.#options.maxFiles)));
    parser.on('fieldsLimit', () => this.#fail(malformed('it has fields beside "operations" and "map"')));
    parser.on('partsLimit', () => this.#fail(malformed('it has too many parts')));
    parser.on('error', (error) => this.#fail(malformed(reasonOf(error))));
    parser.on('finish', () => this.#attempt(() => this.#onFinish()));
    this.#read(parser);
  }

  reserve(bytes: number): boolean {
    if (this.#options.byteBudget === undefined) return true;
    this.#heldFiles ??= this.#options.byteBudget.open(true);
    return this.#heldFiles.take(bytes);
  }

  stop(): void {
    this.#timer?.stop();
    this.#heldFields?.release();
    this.#heldFiles?.release();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#resolve = undefined;
    const body = this.#body;
    if (body === undefined || this.#parser === undefined) return;
    body.unpipe(this.#parser);
    body.resume();
    if (body === this.#req) discardBody(this.#req);
  }

  #createParser(): BusboyInstance | undefined {
    const { maxFiles, maxFileBytes, maxFieldBytes } = this.#options;
    const limits = {
      ...{ fields: 2, fieldSize: maxFieldBytes, files: maxFiles, fileSize: maxFileBytes, parts: maxFiles + 2 },
      ...{ headerPairs: MAX_HEADERS, headerSize: MAX_HEADER_BYTES },
    };
    const headers = { ...this.#req.headers, 'content-type': this.#req.headers['content-type'] ?? '' };
    try {
      return new Busboy({ headers, limits, fileHwm: BUFFER, isPartAFile: isFile });
    } catch {
      return undefined;
    }
  }

  #read(parser: BusboyInstance): void {
    const given = givenBodyOf(this.#req);
    const body = given === undefined ? this.#req : new PassThrough();
    this.#body = body;
    body.on('data', (chunk: Buffer) => this.#count(chunk.length));
    body.on('error', () => this.#fail(new ClientDisconnected()));
    body.on('close', () => {
      if (!body.readableEnded) this.#fail(new ClientDisconnected());
    });
    body.on('pause', () => this.#checkProgress());
    body.on('end', () => this.#checkProgress());
    const { times } = this.#options;
    if (times && given === undefined) this.#timer = new UploadTimer(times, parser, (error) => this.#fail(error));
    body.pipe(parser);
    if (given !== undefined) (body as PassThrough).end(given);
  }

  /**
   * Fails where the parser waits although nobody reads a file. It skips a part without a usable `Content-Disposition`, and in some places
   * never goes on after it. Of what else it waits for, all happens before the next turn of the event loop.
   */
  #checkProgress(): void {
    setImmediate(() => {
      const isStuck = !this.#isOver && this.#openFiles === 0 && (this.#parser?.writableLength ?? 0) > 0;
      if (isStuck)
        this.#fail(malformed(`one of its parts has no usable header "Content-Disposition"; ${SKIPPED_PARTS}`));
    });
  }

  #count(bytes: number): void {
    this.#timer?.arrived();
    if (this.#uploads !== undefined) this.#uploads.received += bytes;
    else if (this.#fieldBytes > 2 * this.#options.maxFieldBytes + HEADS) this.#fail(fieldTooLarge(this.#options));
    else if (!this.#hold(bytes)) this.#fail(new OverloadedError('further large request bodies'));
  }

  /** Counts bytes of fields. Returns false where there is no room for them. */
  #hold(bytes: number): boolean {
    this.#fieldBytes += bytes;
    const { byteBudget } = this.#options;
    if (this.#isOver || byteBudget === undefined || this.#fieldBytes <= COUNTED_FROM) return true;
    if (this.#heldFields !== undefined) return this.#heldFields.take(bytes);
    this.#heldFields = byteBudget.open(true);
    return this.#heldFields.take(this.#fieldBytes);
  }

  #onField(name: string, value: string, isTruncated: boolean): void {
    if (name !== 'operations' && name !== 'map')
      throw malformed('it has a field beside "operations" and "map"; a file needs a file name');
    if (isTruncated) throw fieldTooLarge(this.#options);
    if (name === 'operations') {
      if (this.#operations !== undefined) throw malformed('it has the field "operations" twice');
      this.#operations = { text: value, value: this.#options.parse(value, name) };
      return;
    }
    if (this.#operations === undefined)
      throw malformed(`the field "operations" must come before the field "map"; ${SKIPPED_PARTS}`);
    if (this.#uploads !== undefined) throw malformed('it has the field "map" twice');
    const map = readUploadMap(this.#options.parse(value, name), this.#options.maxFiles);
    const uploads = new Uploads(map, this);
    this.#uploads = uploads;
    this.#heldFields?.release();
    const { text, value: operations } = this.#operations;
    this.#resolve?.({ text, operations, map, uploads });
    this.#resolve = undefined;
  }

  #onFile(name: string, part: BusboyFileStream, filename: string | undefined, mediaType: string): void {
    // a part that is cut off; the parser reports it, too
    part.on('error', () => {});
    this.#openFiles++;
    part.on('end', () => {
      this.#openFiles--;
      this.#checkProgress();
    });
    if (this.#uploads === undefined)
      throw malformed(`the fields "operations" and "map" must come before the files; ${SKIPPED_PARTS}`);
    part.on('limit', () => this.#fail(fileTooLarge(name, this.#options)));
    const head = { filename, mediaType: isMediaType(mediaType) ? mediaType : undefined };
    if (this.#isOver) part.resume();
    else if (!this.#uploads.arrive(name, head, part))
      throw malformed(`the file "${shorten(name)}" is not in "map", or comes twice`);
  }

  #onFinish(): void {
    this.#timer?.stop();
    if (this.#isOver) return;
    if (this.#uploads !== undefined) this.#uploads.complete();
    else
      throw malformed(`it has no field "${this.#operations === undefined ? 'operations' : 'map'}"; ${SKIPPED_PARTS}`);
  }

  #attempt(step: () => void): void {
    if (this.#isOver) return;
    try {
      step();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    if (this.#uploads === undefined) {
      this.stop();
      this.#reject(error);
    } else this.#uploads.fail(error);
  }
}

/** A part with a file name or with binary data is a file. Some clients send the fields as files, too. */
function isFile(name: string | undefined, type: string | undefined, filename: string | undefined): boolean {
  if (name === 'operations' || name === 'map') return false;
  return filename !== undefined || type === 'application/octet-stream';
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.message.startsWith('Unexpected end')
    ? 'it ends before its last boundary'
    : 'it cannot be parsed';
}

function malformed(what: string): GatewayError {
  return new GatewayError(400, 'BAD_REQUEST', `The request body is not valid multipart/form-data: ${what}.`);
}

function fieldTooLarge({ maxFieldBytes }: MultipartOptions): GatewayError {
  const message = `The field "operations" or "map" is larger than ${maxFieldBytes} bytes (limits.http_max_request_bytes).`;
  return new GatewayError(413, 'REQUEST_TOO_LARGE', message);
}

function fileTooLarge(name: string, { maxFileBytes }: MultipartOptions): GatewayError {
  const message = `The file "${shorten(name)}" is larger than ${maxFileBytes} bytes (file_upload.max_file_size).`;
  return new GatewayError(413, 'REQUEST_TOO_LARGE', message);
}

function bodyTooLarge(bytes: number, largest: number): GatewayError {
  const message =
    `The request body has ${bytes} bytes; at most ${largest} are allowed ` +
    '(file_upload.max_files times file_upload.max_file_size, and the fields).';
  return new GatewayError(413, 'REQUEST_TOO_LARGE', message);
}
