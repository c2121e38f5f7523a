import { retryText } from '../../http/retry-text.ts';
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
