import { isUtf8 } from 'node:buffer';

/**
 * Returns the parameters of a query string whose percent-encoding is not UTF-8, such as `q` in `q=%ff`. `URLSearchParams` would
 * replace the invalid characters.
 * @param query the text after the `?`
 * @returns their names, as far as these are UTF-8
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-2.5
 */
export function parametersNotUtf8(query: string): string[] {
  // without an escape beyond ASCII, everything is valid
  if (!/%[89a-f]/i.test(query)) return [];
  return query.split('&').flatMap((pair) => {
    if (isUtf8(bytesOf(pair))) return [];
    const [name = ''] = new URLSearchParams(pair).keys();
    return [name];
  });
}

function bytesOf(text: string): Buffer {
  const bytes = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}
