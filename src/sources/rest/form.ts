import { textOfScalar } from '../../connectors/mapping/json.ts';
import { encode } from '../../connectors/url-template.ts';

/**
 * Encodes a JSON value as `application/x-www-form-urlencoded`. Nested values have names in brackets.
 *
 * @example encodeForm({ a: 1, tags: ['x'], to: { city: 'B' } }) // a=1&tags%5B0%5D=x&to%5Bcity%5D=B
 */
export function encodeForm(value: unknown): string {
  const pairs: string[] = [];
  addPairs(value, '', pairs);
  return pairs.join('&');
}

function addPairs(value: unknown, name: string, pairs: string[]): void {
  if (value === undefined || value === null) return;
  const text = textOfScalar(value);
  if (text !== undefined) {
    pairs.push(`${encode(name)}=${encode(text)}`);
    return;
  }
  for (const [key, item] of Object.entries(value)) addPairs(item, name === '' ? key : `${name}[${key}]`, pairs);
}
