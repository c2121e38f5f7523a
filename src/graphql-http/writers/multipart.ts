import { INTERRUPTED, type StreamFormat, type StreamItem } from './streamed-response.ts';

const HEAD = '\r\ncontent-type: application/json; charset=utf-8\r\n\r\n';
const DELIMITER = '\r\n---';

/**
 * Returns the format `multipart/mixed` with the boundary `-`. Each part ends with the delimiter of the next one, so that clients need
 * not wait for that to read it. A heartbeat is an empty object.
 * @param parameter names the protocol of the parts: `deferSpec=20220824`
 * @see https://www.rfc-editor.org/rfc/rfc2046#section-5.1
 */
export function multipartFormat(parameter?: string): StreamFormat {
  const type = 'multipart/mixed; boundary="-"';
  return { contentType: parameter === undefined ? type : `${type}; ${parameter}`, write: multipartText };
}

async function* multipartText(payloads: AsyncIterable<StreamItem>): AsyncGenerator<string> {
  let start = DELIMITER;
  for await (const text of payloads) {
    if (text === INTERRUPTED) break;
    yield `${start}${HEAD}${text ?? '{}'}${DELIMITER}`;
    start = '';
  }
  yield `${start}--\r\n`;
}
