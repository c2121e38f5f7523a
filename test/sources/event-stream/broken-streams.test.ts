import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openEventStreams } from '../../../src/sources/event-stream/event-streams.ts';
import type { SourceFailure } from '../../../src/sources/source.ts';

const HEADERS = {
  sse: 'content-type: text/event-stream\r\n',
  multipart: 'content-type: multipart/mixed;boundary="graphql";subscriptionSpec=1.0\r\n',
};

const part = (json: string) => `\r\n--graphql\r\ncontent-type: application/json\r\n\r\n${json}`;

/** Streams of two events, with a heartbeat between them. A character of each event has several bytes. */
const STREAMS = {
  sse: 'event: next\ndata: {"data":"ü"}\n\n:\n\nevent: next\ndata: {"data":"€"}\n\nevent: complete\ndata:\n\n',
  multipart: `${part('{"payload":{"data":"ü"}}')}${part('{}')}${part('{"payload":{"data":"€"}}')}\r\n--graphql--\r\n`,
};

/** What ends a stream in the text of it. */
const ENDS = { sse: 'event: complete\ndata:\n\n', multipart: '--graphql--' };

/** Starts a server that writes this to every connection once a request has arrived, and then closes the connection. */
async function serverOf(bytes: Buffer): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

/** Subscribes, and resolves with the events and how it ended. */
async function readFrom(url: string, format: 'sse' | 'multipart') {
  const { subscribe, close } = openEventStreams({ name: 'ticks', urls: [url], format });
  onTestFinished(close);
  const client = { requestId: 'r', headers: {} };
  const events: string[] = [];
  const end = await new Promise<SourceFailure | 'complete'>((resolve) => {
    subscribe(
      { body: '{"query":"subscription { ticks }"}', operationType: 'subscription', client },
      { next: (text) => void events.push(text), error: resolve, refuse: () => {}, complete: () => resolve('complete') },
    );
  });
  return { events, end };
}

/** Returns how many of the two events are whole in the first bytes of a stream. */
function wholeEvents(format: 'sse' | 'multipart', bytes: Buffer): string[] {
  const ends = format === 'sse' ? ['"ü"}\n\n', '"€"}\n\n'] : ['"ü"}}', '"€"}}'];
  return ['{"data":"ü"}', '{"data":"€"}'].filter((_, i) => bytes.includes(ends[i] as string));
}

test.each(['sse', 'multipart'] as const)(
  'a stream (%s) that breaks at any byte has whole events only',
  async (format) => {
    const stream = Buffer.from(STREAMS[format]);
    const head = Buffer.from(`HTTP/1.1 200 OK\r\n${HEADERS[format]}\r\n`);
    for (let at = 0; at <= stream.length; at++) {
      const received = stream.subarray(0, at);
      const isClosed = received.includes(ENDS[format]);
      const url = await serverOf(Buffer.concat([head, received]));
      const { events, end } = await readFrom(url, format);
      expect([at, events]).toEqual([at, wholeEvents(format, received)]);
      if (isClosed) expect([at, end]).toEqual([at, 'complete']);
      else expect([at, end]).toMatchObject([at, { code: 'SUBREQUEST_HTTP_ERROR', isConnectionFailure: true }]);
    }
  },
);
