import type { StreamFormat, StreamItem } from './streamed-response.ts';

/**
 * The format `text/event-stream`: a `next` event for each payload, and `complete` at the end. A heartbeat is a comment.
 * @see https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverSSE.md
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export const SERVER_SENT_EVENTS: StreamFormat = { contentType: 'text/event-stream; charset=utf-8', write: eventText };

async function* eventText(payloads: AsyncIterable<StreamItem>): AsyncGenerator<string> {
  for await (const text of payloads) yield text === undefined ? ':\n\n' : `event: next\ndata: ${text}\n\n`;
  // events without data are not dispatched
  yield 'event: complete\ndata:\n\n';
}
