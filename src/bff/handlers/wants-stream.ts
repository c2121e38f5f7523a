const STREAM = 'text/event-stream';
const JSON_RANGES = ['application/json', 'application/*', '*/*'];

/**
 * Whether the client wants the answer piece by piece: it names `text/event-stream`, and likes JSON no better.
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

/** The type in lower case, and its quality. A quality that is none counts as 1, as if it were not there. */
function readRange(text: string): [type: string, quality: number] {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const given = parameters.find((parameter) => /^q\s*=/.test(parameter));
  const quality = given === undefined ? 1 : Number(given.slice(given.indexOf('=') + 1));
  return [type, Number.isNaN(quality) ? 1 : quality];
}
