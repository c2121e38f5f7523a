import { parseAccept } from '../../client/media-type.ts';
import type { ProblemDetails } from '../../http/problem.ts';

/**
 * Returns whether a client accepts the events of a subscription: `accept` names `text/event-stream`, or is missing, or has a range
 * for it and no JSON. Libraries that ask for JSON and for anything else would wait for the end of the stream.
 *
 * In:  `text/event-stream`, `text/*`
 * Out: true
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
 */
export function acceptsEvents(accept: string | undefined): boolean {
  if (accept === undefined) return true;
  const ranges = parseAccept(accept);
  const qualityOf = (type: string) => ranges.find(({ essence }) => essence === type)?.quality;
  const named = qualityOf('text/event-stream');
  if (named !== undefined) return named > 0;
  const asksForJson = ranges.some(({ essence, quality }) => quality > 0 && essence.includes('json'));
  return !asksForJson && (qualityOf('text/*') ?? qualityOf('*/*') ?? 0) > 0;
}

/** The problem of a request for the events of a subscription in another form. */
export const ONLY_EVENTS: ProblemDetails = {
  status: 406,
  kind: 'not-acceptable',
  detail:
    'This endpoint sends a stream of events, and the "accept" header allows none. Send "accept: text/event-stream", ' +
    'as EventSource does.',
};
