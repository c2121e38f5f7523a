const STREAM = 'text/event-stream';
const JSON_RANGES = ['application/json', 'application/*', '*/*'];

/**
 * Returns whether the client prefers an event stream: `accept` names `text/event-stream`, and no JSON type has more quality.
 *
 * In:  `text/event-stream`, `application/json;q=0.5, text/event-stream`
 * Out: true
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
 */
export function wantsStream(accept: string | undefined): boolean {
  if (accept === undefined || !/text\/event-stream/i.test(accept)) return false;
  const qualities = new Map(accept.split(',').map(readRange));
  const stream = qualities.get(STREAM) ?? 0;
  const json = JSON_RANGES.map((range) => qualities.get(range)).find((quality) => quality !== undefined) ?? 0;
  return stream > 0 && stream >= json;
}

/** Returns the media range in lower case, and its quality. An invalid quality counts as 1, like a missing one. */
function readRange(text: string): [type: string, quality: number] {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const given = parameters.find((parameter) => /^q\s*=/.test(parameter));
  const quality = given === undefined ? 1 : Number(given.slice(given.indexOf('=') + 1));
  return [type, Number.isNaN(quality) ? 1 : quality];
}
