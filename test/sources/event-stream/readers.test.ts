import { describe, expect, test } from 'vitest';
import type { EventReader } from '../../../src/sources/event-stream/event-reader.ts';
import { MultipartReader } from '../../../src/sources/event-stream/multipart-reader.ts';
import { SseReader } from '../../../src/sources/event-stream/sse-reader.ts';

/** Reads texts that arrive one after the other, and then the end of the stream. */
function readAll(reader: EventReader, texts: readonly string[]): unknown[] {
  const events: unknown[] = [];
  for (const text of texts) {
    reader.push(text);
    for (let event = reader.next(); event; event = reader.next()) events.push(event);
  }
  return [...events, reader.end()].filter((event) => event !== undefined);
}

/** Checks that a text means the same, however it is cut into two or into characters. */
function expectEvents(open: () => EventReader, text: string, expected: readonly unknown[]): void {
  expect(readAll(open(), [text])).toEqual(expected);
  expect(readAll(open(), [...text])).toEqual(expected);
  for (let at = 0; at <= text.length; at++)
    expect(readAll(open(), [text.slice(0, at), text.slice(at)])).toEqual(expected);
}

const next = (result: string) => ({ kind: 'next', result });
const complete = { kind: 'complete' };
const heartbeat = { kind: 'heartbeat' };

describe('server-sent events', () => {
  test.each([
    [
      'results and the end',
      'event: next\ndata: {"data":1}\n\nevent: complete\ndata:\n\n',
      [next('{"data":1}'), complete],
    ],
    ['an end without data', 'event: complete\n\n', [complete]],
    ['CRLF and CR', 'event: next\r\ndata: 1\r\n\r\nevent: next\rdata: 2\r\r', [next('1'), next('2')]],
    ['comments', ': hi\n\n:\n\nevent:next\ndata:1\n: between\n\n', [heartbeat, heartbeat, heartbeat, next('1')]],
    ['data in several lines', 'event: next\ndata: {\ndata: "data":1}\n\n', [next('{\n"data":1}')]],
    ['an event without a name', 'data: {"data":1}\n\n', [next('{"data":1}')]],
    ['other events and fields', 'event: other\ndata: 1\n\nid: 7\nretry: 5\nevent: next\ndata: 2\n\n', [next('2')]],
    ['an event that has not ended', 'event: next\ndata: 1\n\nevent: next\ndata: 2\n', [next('1')]],
  ])('%s', (_, text, expected) => {
    expectEvents(() => new SseReader(), text, expected);
  });
});

describe('multipart', () => {
  const part = (json: string) => `\r\n--graphql\r\ncontent-type: application/json\r\n\r\n${json}`;
  const open = () => new MultipartReader('graphql');

  test.each([
    ['payloads and the end', `${part('{"payload":{"data":1}}')}\r\n--graphql--\r\n`, [next('{"data":1}'), complete]],
    ['an end without a line end', `${part('{}')}\r\n--graphql--`, [heartbeat, complete]],
    ['a payload before the next boundary', part('{"payload":{"data":1}}'), [next('{"data":1}')]],
    ['heartbeats', part('{}') + part('{"payload":null}'), [heartbeat, heartbeat]],
    ['strings with braces and boundaries', part('{"payload":{"data":"}\\"{\\\\"}}'), [next('{"data":"}\\"{\\\\"}')]],
    ['long numbers', part('{"payload":{"data":12345678901234567890}}'), [next('{"data":12345678901234567890}')]],
    [
      'errors of the transport',
      part('{"payload":null,"errors":[{"message":"no"}]}'),
      [{ kind: 'errors', errors: '[{"message":"no"}]' }],
    ],
    [
      'a payload with errors of the transport',
      part('{"payload":{"data":1},"errors":[{"message":"no"}]}'),
      [next('{"data":1}'), { kind: 'errors', errors: '[{"message":"no"}]' }],
    ],
    ['a part without a body', `--graphql\r\n\r\n--graphql\r\n\r\n{}`, [heartbeat]],
    [
      'a preamble, and LF alone',
      'hello\n--graphql\n\n{"payload":{"data":1}}\n--graphql--',
      [next('{"data":1}'), complete],
    ],
  ])('%s', (_, text, expected) => {
    expectEvents(open, text, expected);
  });

  test.each([
    [part('[]'), 'a part is not a JSON object'],
    [part('{"payload" 1}'), 'a part is not a JSON object'],
    [part('{"data":1}'), 'a part has no "payload"'],
  ])('%j is malformed', (text, reason) => {
    const reader = open();
    reader.push(text);
    expect(reader.next()).toEqual({ kind: 'malformed', reason });
  });
});
