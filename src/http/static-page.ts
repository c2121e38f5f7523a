import { chooseEncoding } from '../shared/accept-encoding.ts';
import { type Coding, encodeBody } from '../shared/content-codings.ts';
import { etagOf, etagOfCoding, matchesIfNoneMatch } from './conditional.ts';
import { type RequestContext, sendResponse } from './request-context.ts';

/** An HTML page that is the same for all clients. Encodes it once for each coding, when a browser requests it first. */
export class StaticPage {
  readonly #body: Buffer;
  readonly #etag: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #encodedBodies = new Map<Coding, Promise<Buffer>>();

  constructor(html: string, headers: Readonly<Record<string, string>>) {
    this.#body = Buffer.from(html);
    this.#etag = etagOf(this.#body);
    // at the same URL, other clients get JSON
    this.#headers = { ...headers, 'cache-control': 'no-cache', vary: 'accept, accept-encoding' };
  }

  async send(context: RequestContext): Promise<void> {
    const { 'accept-encoding': accepted, 'if-none-match': known } = context.req.headers;
    const coding = chooseEncoding(accepted);
    const etag = coding === undefined ? this.#etag : etagOfCoding(this.#etag, coding);
    const headers = { ...this.#headers, etag };
    if (known !== undefined && matchesIfNoneMatch(known, etag)) {
      return sendResponse(context, { status: 304, headers, body: '' });
    }
    const body = coding === undefined ? this.#body : await this.#encodedBody(coding);
    const type = { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length };
    const encoding: Record<string, string> = coding === undefined ? {} : { 'content-encoding': coding };
    sendResponse(context, { status: 200, headers: { ...headers, ...type, ...encoding }, body });
  }

  #encodedBody(coding: Coding): Promise<Buffer> {
    let body = this.#encodedBodies.get(coding);
    if (body === undefined) {
      body = encodeBody(this.#body, coding);
      this.#encodedBodies.set(coding, body);
      body.catch(() => this.#encodedBodies.delete(coding));
    }
    return body;
  }
}
