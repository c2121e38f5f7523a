import type { ServerResponse } from 'node:http';

/** The id of the last event of each stream: a client that has it has everything. */
export const LAST_EVENT_ID = 'done';

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // proxies that gather answers would undo it
  'x-accel-buffering': 'no',
};

export interface EventStreamOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How often a comment shows proxies and clients that the stream is alive, in milliseconds. */
  readonly keepAliveMs: number;
}

/**
 * Server-sent events over one response. Its status is 200, for `EventSource` takes no other one.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class EventStream {
  readonly #res: ServerResponse;
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(res: ServerResponse, { headers, keepAliveMs }: EventStreamOptions) {
    this.#res = res;
    if (!res.headersSent && !res.destroyed) res.writeHead(200, { ...headers, ...HEADERS });
    this.#timer = setInterval(() => this.#write(': keep-alive\n\n'), keepAliveMs).unref();
    res.once('close', () => clearInterval(this.#timer));
  }

  /** @param data without line breaks, as JSON without spaces is */
  send(name: string, data: string): void {
    this.#sent += 1;
    this.#event(name, data, String(this.#sent));
  }

  /** Sends the last event: a client that asks again with its id needs nothing more. */
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
    if (!this.#res.destroyed && !this.#res.writableEnded) this.#res.write(text);
  }
}
