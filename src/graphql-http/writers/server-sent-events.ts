import { INTERRUPTED, type StreamFormat, type StreamItem } from './streamed-response.ts';

/**
 * The format `text/event-stream`: a `next` event for each payload, and `complete` at the end. A heartbeat is a comment. A stream that is
 * interrupted has no `complete`, after which clients would not connect again.
 * @see https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverSSE.md
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export const SERVER_SENT_EVENTS: StreamFormat = { contentType: 'text/event-stream; charset=utf-8', write: eventText };

async function* eventText(payloads: AsyncIterable<StreamItem>): AsyncGenerator<string> {
  for await (const text of payloads) {
    if (text === INTERRUPTED) return yield retryText();
    yield text === undefined ? HEARTBEAT : `event: next\ndata: ${text}\n\n`;
  }
  // events without data are not dispatched
  yield 'event: complete\ndata:\n\n';
}

/** A comment, which clients ignore. */
export const HEARTBEAT = ':\n\n';

const SHORTEST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5_000;

/** Returns what says how long a client waits before it connects again: not all of them the same time. */
export function retryText(): string {
  const wait = SHORTEST_RETRY_MS + Math.random() * (LONGEST_RETRY_MS - SHORTEST_RETRY_MS);
  return `retry: ${Math.round(wait)}\n\n`;
}
