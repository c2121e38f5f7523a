import type { ServerResponse } from 'node:http';
import { clientWritesOf, type StreamWrites } from '../../http/client-writes.ts';
import { retryText } from '../../http/retry-text.ts';

/** Id of the last event of each stream. A client that sends it back has received all events. */
export const LAST_EVENT_ID = 'done';

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // proxies must not buffer the stream
  'x-accel-buffering': 'no',
};

/** Options of an event stream. */
export interface EventStreamOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Interval between keep-alive comments, in milliseconds. */
  readonly keepAliveMs: number;
}

/**
 * Server-sent events over one response. Its status is 200, because `EventSource` accepts no other.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class EventStream {
  readonly #res: ServerResponse;
  /** Limits what a client that does not read may leave in memory. */
  readonly #writes: StreamWrites | undefined;
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(res: ServerResponse, { headers, keepAliveMs }: EventStreamOptions) {
    this.#res = res;
    this.#writes = clientWritesOf(res)?.openStream(res);
    if (!res.headersSent && !res.destroyed) res.writeHead(200, { ...headers, ...HEADERS });
    this.#timer = setInterval(() => this.#write(': keep-alive\n\n'), keepAliveMs).unref();
    res.once('close', () => clearInterval(this.#timer));
  }

  /**
   * Sends one event.
   * @param data text without line breaks, such as JSON without spaces
   */
  send(name: string, data: string): void {
    this.#sent += 1;
    this.#event(name, data, String(this.#sent));
  }

  /**
   * Sends one event of a subscription.
   * @param cursor by which a client that connects again goes on after it
   */
  sendEvent(name: string, data: string, cursor?: string): void {
    this.#write(`event: ${name}\ndata: ${data}\n${cursor === undefined ? '' : `id: ${cursor}\n`}\n`);
  }

  /** Says how long a client waits before it connects again: not all of them the same time. */
  sendRetry(): void {
    this.#write(retryText());
  }

  /** Sends the last event. */
  sendLast(name: string, data: string): void {
    this.#event(name, data, LAST_EVENT_ID);
  }

  end(): undefined {
    clearInterval(this.#timer);
    if (!this.#res.destroyed) this.#res.end();
  }

  #event(name: string, data: string, id: string): void {
    this.#write(`event: ${name}\ndata: ${data}\nid: ${id}\n\n`);
  }

  #write(text: string): void {
    if (this.#res.destroyed || this.#res.writableEnded) return;
    if (this.#writes) this.#writes.write(text);
    else this.#res.write(text);
  }
}
