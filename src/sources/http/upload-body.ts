import type { Readable } from 'node:stream';
import { MultipartBody } from '../multipart-body.ts';
import type { FetchFiles } from '../source.ts';

/** In bytes. A body of which less is sent in the time of a timeout counts as stalled. */
const LEAST_PROGRESS = 65_536;

/**
 * The body of a fetch with files, by the GraphQL multipart request specification. The files are in the order in which they arrive.
 * @see https://github.com/jaydenseric/graphql-multipart-request-spec
 */
export class UploadBody {
  readonly #body: MultipartBody;
  #sentBefore = 0;

  /** @param operations the JSON of the fetch, with null in place of each file */
  constructor(operations: string, files: FetchFiles) {
    const map: Record<string, readonly string[]> = {};
    const parts = [...files].map(([file, paths], index) => {
      map[index] = paths;
      return [String(index), file] as const;
    });
    this.#body = new MultipartBody([['operations', operations], ['map', JSON.stringify(map)], ...parts]);
  }

  get body(): Readable {
    return this.#body;
  }

  /** Returns headers with those of the body. Servers refuse multipart/form-data without a header that browsers ask about first. */
  withOwnHeaders(headers: readonly string[]): readonly string[] {
    const own = ['content-type', this.#body.contentType, 'apollo-require-preflight', 'true'];
    for (let at = 0; at < headers.length; at += 2) {
      const name = headers[at] as string;
      if (!REPLACED.has(name)) own.push(name, headers[at + 1] as string);
    }
    return own;
  }

  /** Returns whether the body was sent on, or completed, since the last call. */
  hasProgress(): boolean {
    const isMoving = this.#body.sentBytes - this.#sentBefore >= LEAST_PROGRESS;
    this.#sentBefore = this.#body.sentBytes;
    return isMoving;
  }

  /** Ends it with the call: what is not sent is discarded. */
  end(): void {
    this.#body.destroy();
  }
}

const REPLACED = new Set(['content-type', 'content-encoding', 'content-length', 'apollo-require-preflight']);
