import { describe, expect, it } from 'vitest';
import { multipartFormat } from '../../../src/graphql-http/writers/multipart.ts';
import { SERVER_SENT_EVENTS } from '../../../src/graphql-http/writers/server-sent-events.ts';
import type { StreamFormat, StreamItem } from '../../../src/graphql-http/writers/streamed-response.ts';

async function* items(...all: StreamItem[]): AsyncGenerator<StreamItem> {
  yield* all;
}

async function pieces({ write }: StreamFormat, ...all: StreamItem[]): Promise<string[]> {
  const written: string[] = [];
  for await (const piece of write(items(...all))) written.push(piece);
  return written;
}

const HEAD = 'content-type: application/json; charset=utf-8\r\n\r\n';

describe('multipart/mixed', () => {
  it('ends each part with the delimiter of the next, so that nothing waits for that', async () => {
    expect(await pieces(multipartFormat(), '{"a":1}', '{"b":2}')).toEqual([
      `\r\n---\r\n${HEAD}{"a":1}\r\n---`,
      `\r\n${HEAD}{"b":2}\r\n---`,
      '--\r\n',
    ]);
  });

  it('sends an empty object as heartbeat', async () => {
    expect((await pieces(multipartFormat(), undefined))[0]).toBe(`\r\n---\r\n${HEAD}{}\r\n---`);
  });

  it('is complete without a part', async () => {
    expect(await pieces(multipartFormat())).toEqual(['\r\n-----\r\n']);
  });

  it('names the protocol of its parts', () => {
    expect(multipartFormat('deferSpec=20220824').contentType).toBe('multipart/mixed; boundary="-"; deferSpec=20220824');
  });
});

describe('text/event-stream', () => {
  it('sends each payload as `next`, and ends with `complete`', async () => {
    expect(await pieces(SERVER_SENT_EVENTS, '{"a":1}', undefined, '{"b":2}')).toEqual([
      'event: next\ndata: {"a":1}\n\n',
      ':\n\n',
      'event: next\ndata: {"b":2}\n\n',
      'event: complete\ndata:\n\n',
    ]);
  });
});
