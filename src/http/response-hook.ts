import type { ServerResponse } from 'node:http';
import type { Maybe } from '../plugins/call-hooks.ts';
import { decodeBody, readContentEncoding } from '../shared/content-codings.ts';
import type { ClientResponse } from './client-writes.ts';
import type { HttpResponse } from './response.ts';
import { hasContent, writeResponse } from './write-response.ts';

/** Status and headers of a response, which may change until it is written. */
export interface ResponseHead {
  status: number;
  readonly headers: Headers;
  /** Resolves with the text of the body, decoded; `undefined` for a stream. */
  readBody(): Promise<string | undefined>;
  /** Replaces the body. Throws a `TypeError` for a stream. */
  setBody(text: string): void;
}

/** What replaces a response. It can be sent as it is. */
export interface Replacement {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Changes the head of a response, or returns another response. Throws, or rejects, where the response is an error instead. */
type ChangeResponse = (head: ResponseHead) => Maybe<Replacement | undefined>;

/** Headers that describe how the body is sent; they stay as they are. */
const OF_MESSAGE = ['connection', 'content-encoding', 'content-length', 'keep-alive', 'transfer-encoding'] as const;

/** Lets something change a response before it is written. Each response is changed once. */
export class ResponseHook {
  readonly #change: ChangeResponse;
  readonly #fail: (error: unknown) => void;

  /** @param fail writes the response for an error */
  constructor(change: ChangeResponse, fail: (error: unknown) => void) {
    this.#change = change;
    this.#fail = fail;
  }

  /** Writes a whole response, now or when it has been changed. Never throws. */
  write(res: ClientResponse, { status, headers, body }: HttpResponse, mustSend: boolean): void {
    res.responseHook = undefined;
    const before = new Headers();
    copySetHeaders(res, before);
    for (const name in headers) setHeader(before, name, headers[name] as string | number);
    const head = new WholeHead(status, new Headers(before), body);
    const finish = (replacement: Replacement | undefined): void => {
      if (res.destroyed || res.headersSent) return;
      if (replacement) {
        removeHeaders(res);
        return writeResponse(res, responseOf(res, replacement), undefined, before.get('x-request-id') ?? undefined);
      }
      removeHeaders(res);
      const text = hasContent(head.status) ? head.replaced : '';
      if (text !== undefined) describeText(before, head, text);
      const final = { status: head.status, headers: finalHeaders(res, before, head.headers), body: text ?? body };
      writeResponse(res, final, undefined, undefined, mustSend);
    };
    this.#run(head, finish);
  }

  /** Changes the head of a stream before it is written. Resolves with the headers to add; `undefined` where a response was sent instead. */
  async startStream(
    res: ClientResponse,
    headers: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>> | undefined> {
    res.responseHook = undefined;
    const before = new Headers();
    copySetHeaders(res, before);
    for (const name in headers) before.set(name, headers[name] as string);
    const head = { status: 200, headers: new Headers(before), readBody: async () => undefined, setBody: noBody };
    try {
      const replacement = await this.#change(head);
      if (res.destroyed || res.headersSent) return undefined;
      removeHeaders(res);
      if (replacement === undefined) return finalHeaders(res, before, head.headers);
      writeResponse(res, responseOf(res, replacement));
    } catch (error) {
      this.#fail(error);
    }
    return undefined;
  }

  #run(head: ResponseHead, finish: (replacement: Replacement | undefined) => void): void {
    try {
      const replaced = this.#change(head);
      if (replaced instanceof Promise) replaced.then(finish).catch(this.#fail);
      else finish(replaced);
    } catch (error) {
      this.#fail(error);
    }
  }
}

/** Returns the response that a plugin has made. Cookies are set directly, since there may be several. */
export function responseOf(res: ServerResponse, { status, headers, body: given }: Replacement): HttpResponse {
  const all = new Headers(headers);
  const cookies = all.getSetCookie();
  if (cookies.length > 0) res.setHeader('set-cookie', cookies);
  for (const name of ['set-cookie', ...OF_MESSAGE]) all.delete(name);
  const body = hasContent(status) ? given : '';
  if (hasContent(status)) all.set('content-length', String(Buffer.byteLength(body)));
  else all.delete('content-type');
  return { status, headers: Object.fromEntries(all), body };
}

/** A whole response that may change. */
class WholeHead implements ResponseHead {
  status: number;
  /** The text that replaces the body. */
  replaced: string | undefined;
  readonly #headers: Headers;
  readonly #body: string | Buffer;
  readonly #coding: string | null;

  constructor(status: number, headers: Headers, body: string | Buffer) {
    this.status = status;
    this.#headers = headers;
    this.#body = body;
    this.#coding = headers.get('content-encoding');
  }

  get headers(): Headers {
    return this.#headers;
  }

  async readBody(): Promise<string> {
    if (this.replaced !== undefined) return this.replaced;
    const body = this.#body;
    if (typeof body === 'string') return body;
    if (this.#coding === null) return body.toString();
    return (await decodeBody(body, readContentEncoding(this.#coding), Number.MAX_SAFE_INTEGER)).toString();
  }

  setBody(text: string): void {
    if (typeof text !== 'string') throw new TypeError('The body of a response must be a text.');
    this.replaced = text;
  }
}

/** A stream has no body that could be replaced. */
function noBody(): never {
  throw new TypeError('The body of an event stream cannot be replaced.');
}

/** Describes another text as the body, which is sent without a coding. */
function describeText(before: Headers, { headers, status }: ResponseHead, text: string): void {
  before.delete('content-encoding');
  if (hasContent(status)) before.set('content-length', String(Buffer.byteLength(text)));
  else {
    before.delete('content-length');
    return;
  }
  // a validator of what the client does not get
  if (headers.get('etag') === before.get('etag')) headers.delete('etag');
}

function copySetHeaders(res: ServerResponse, into: Headers): void {
  for (const name of res.getHeaderNames()) {
    const value = res.getHeader(name);
    for (const one of Array.isArray(value) ? value : [String(value)]) into.append(name, one);
  }
}

/** Sets a header of the response itself, which takes precedence; `Vary` adds to what is there. */
function setHeader(headers: Headers, name: string, value: string | number): void {
  if (name === 'vary' && headers.has(name)) headers.append(name, String(value));
  else headers.set(name, String(value));
}

function removeHeaders(res: ServerResponse): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name);
}

/** Returns the changed headers. Cookies are set directly, since there may be several. */
function finalHeaders(res: ServerResponse, before: Headers, changed: Headers): Record<string, string> {
  for (const name of OF_MESSAGE) {
    const value = before.get(name);
    if (value === null) changed.delete(name);
    else changed.set(name, value);
  }
  const cookies = changed.getSetCookie();
  if (cookies.length > 0) res.setHeader('set-cookie', cookies);
  changed.delete('set-cookie');
  return Object.fromEntries(changed);
}
