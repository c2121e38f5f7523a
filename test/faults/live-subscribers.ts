import { type ClientRequest, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { Sequence } from './sequence.ts';

/** What a transport reports: results, and once its end. */
interface Receiver {
  result(result: Result): void;
  end(): void;
}

interface Result {
  readonly data?: Readonly<Record<string, { readonly n: number; readonly text: string } | null>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
  readonly extensions?: {
    readonly subscription?: { readonly cursor?: string; readonly mayHaveMissedEvents?: boolean };
  };
}

interface Transport {
  readonly name: string;
  /** Opens a subscription. Returns what closes it. */
  open(url: string, query: string, cursor: string | undefined, receiver: Receiver): () => void;
}

const extensionsOf = (cursor: string | undefined) => (cursor === undefined ? {} : { subscription: { cursor } });

/** Sends a request, and passes on its body text by text, each up to a separator. */
function readParts(url: string, body: object, headers: object, separator: string, onPart: (part: string) => void) {
  const options = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, agent: false };
  return (onEnd: () => void): ClientRequest => {
    const sent = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator)) {
          onPart(text.slice(0, at));
          text = text.slice(at + separator.length);
        }
      });
      response.on('error', () => {});
    });
    sent.on('error', () => {}).on('close', onEnd);
    return sent.end(JSON.stringify(body));
  };
}

const SERVER_SENT_EVENTS: Transport = {
  name: 'server-sent events',
  open(url, query, cursor, { result, end }) {
    const headers = { accept: 'text/event-stream', ...(cursor !== undefined && { 'last-event-id': cursor }) };
    const sent = readParts(url, { query }, headers, '\n\n', (part) => {
      const data = /^data: (.+)$/m.exec(part)?.[1];
      if (data !== undefined) result(JSON.parse(data));
    })(end);
    return () => sent.destroy();
  },
};

const MULTIPART: Transport = {
  name: 'multipart',
  open(url, query, cursor, { result, end }) {
    const headers = { accept: 'multipart/mixed;subscriptionSpec=1.0' };
    const body = { query, extensions: extensionsOf(cursor) };
    const sent = readParts(url, body, headers, '\r\n---', (part) => {
      const json = part.slice(part.indexOf('\r\n\r\n') + 4);
      const { payload, ...failed } = json.startsWith('{') ? JSON.parse(json) : ({} as { payload?: Result });
      if (payload) result(payload);
      else if ('errors' in failed) result(failed as Result);
    })(end);
    return () => sent.destroy();
  },
};

const WEBSOCKET: Transport = {
  name: 'WebSocket',
  open(url, query, cursor, { result, end }) {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { perMessageDeflate: false });
    const send = (message: object) => socket.send(JSON.stringify(message));
    socket.on('open', () => send({ type: 'connection_init' }));
    socket.on('error', () => {});
    socket.on('close', end);
    socket.on('message', (data) => {
      const { type, payload } = JSON.parse(String(data));
      const operation = { query, extensions: extensionsOf(cursor) };
      if (type === 'connection_ack') send({ id: '1', type: 'subscribe', payload: operation });
      if (type === 'next') result(payload);
      if (type === 'error') result({ errors: payload });
      if (type === 'error' || type === 'complete') socket.close();
    });
    return () => socket.terminate();
  },
};

export const TRANSPORTS = [WEBSOCKET, SERVER_SENT_EVENTS, MULTIPART] as const;

/** A client that subscribes again whenever its subscription has ended: after its last cursor, if it has one. */
export class LiveSubscriber {
  readonly sequence = new Sequence();
  /** Codes of errors, and `gone` for a connection that ended without one. */
  readonly ends: string[] = [];
  readonly #urls: () => string;
  readonly #field: string;
  readonly #transport: Transport;
  #cursor: string | undefined;
  #close = () => {};
  #isStopped = false;

  /** @param urls returns the URL of one replica, in turn */
  constructor(urls: () => string, field: string, transport: Transport) {
    this.#urls = urls;
    this.#field = field;
    this.#transport = transport;
    onTestFinished(() => this.stop());
    this.#open();
  }

  stop(): void {
    this.#isStopped = true;
    this.#close();
  }

  cut(): void {
    this.#close();
  }

  #open(): void {
    let why = 'gone';
    this.#close = this.#transport.open(this.#urls(), `subscription { ${this.#field} { n text } }`, this.#cursor, {
      result: (result) => {
        why = this.#receive(result) ?? why;
      },
      end: () => void this.#ended(why),
    });
  }

  /** Returns the code of an error that ends the subscription. */
  #receive({ data, errors, extensions }: Result): string | undefined {
    const event = data?.[this.#field];
    if (!event) return errors?.[0]?.extensions?.code ?? errors?.[0]?.message;
    if (event.text !== `text ${event.n}`) throw new Error(`${event.n} has the text ${event.text}`);
    const { cursor, mayHaveMissedEvents = false } = extensions?.subscription ?? {};
    this.#cursor = cursor;
    this.sequence.receive(event.n, mayHaveMissedEvents);
    return undefined;
  }

  async #ended(why: string): Promise<void> {
    if (this.#isStopped) return;
    this.ends.push(why);
    this.sequence.reconnected(this.#cursor !== undefined);
    await sleep(50 + Math.random() * 200);
    if (!this.#isStopped) this.#open();
  }
}
