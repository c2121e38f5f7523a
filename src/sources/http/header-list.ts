import { retryAfterSeconds } from '../../shared/retry-after.ts';

/** Merges two flat lists of names and values. Forwarded headers replace own headers of the same name. */
export function withForwarded(own: readonly string[], forwarded: readonly string[]): readonly string[] {
  if (forwarded.length === 0) return own;
  if (!haveCommonName(own, forwarded)) return joined(forwarded, own);
  const headers = [...forwarded];
  for (let at = 0; at < own.length; at += 2) {
    const name = own[at] as string;
    if (!hasName(forwarded, name)) headers.push(name, own[at + 1] as string);
  }
  return headers;
}

/** Returns the list with one more header, or with another value of one that it has. */
export function withHeader(headers: readonly string[], name: string, value: string): readonly string[] {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at] === name) return headers.with(at + 1, value);
  }
  return joined(headers, [name, value]);
}

/** Each request to a source does this: `concat` takes five times as long. */
function joined(first: readonly string[], second: readonly string[]): readonly string[] {
  const all: string[] = new Array(first.length + second.length);
  for (let at = 0; at < first.length; at++) all[at] = first[at] as string;
  for (let at = 0; at < second.length; at++) all[first.length + at] = second[at] as string;
  return all;
}

function haveCommonName(own: readonly string[], forwarded: readonly string[]): boolean {
  for (let at = 0; at < own.length; at += 2) if (hasName(forwarded, own[at] as string)) return true;
  return false;
}

function hasName(pairs: readonly string[], name: string): boolean {
  for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === name) return true;
  return false;
}

/** Returns the headers of a response as a flat list of names, in lower case, and values. */
export function readHeaders(raw: readonly Buffer[]): string[] {
  return raw.map((part, at) => (at % 2 === 0 ? part.toString('latin1').toLowerCase() : part.toString('latin1')));
}

/** Returns the seconds of the header `Retry-After`. */
export function retryAfterIn(raw: readonly Buffer[]): number | undefined {
  const headers = readHeaders(raw);
  for (let at = 0; at < headers.length; at += 2)
    if (headers[at] === 'retry-after') return retryAfterSeconds(headers[at + 1] ?? '');
  return undefined;
}
