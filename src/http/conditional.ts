import { hash } from 'node:crypto';

/** Returns a strong entity tag: equal for equal bytes. SHA-1 is fast, and a collision would only harm its author. */
export function etagOf(body: string | Buffer): string {
  return `"${hash('sha1', body, 'base64url')}"`;
}

/**
 * Returns whether `If-None-Match` names this representation. A compressed body has its own tag: pass the tag of the body
 * that would be sent. The comparison is weak.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
export function matchesIfNoneMatch(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === etag || ifNoneMatch.trim() === '*') return true;
  const opaque = withoutWeak(etag);
  return tagsIn(ifNoneMatch).some((tag) => withoutWeak(tag) === opaque);
}

/**
 * Returns whether `If-Match` names this representation, or any with `*`. Weak tags never match.
 * @param etag `undefined` for a representation without a tag
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1
 */
export function matchesIfMatch(ifMatch: string, etag: string | undefined): boolean {
  return ifMatch.trim() === '*' || (etag !== undefined && !etag.startsWith('W/') && tagsIn(ifMatch).includes(etag));
}

/** Returns the tag of a compressed body: other bytes need another strong tag. */
export function etagOfCoding(etag: string, encoding: string): string {
  return `${etag.slice(0, -1)}-${encoding}"`;
}

/** Splits a list of tags. A comma within quotes does not separate; empty items are ignored. */
function tagsIn(list: string): string[] {
  return list.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

function withoutWeak(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}
