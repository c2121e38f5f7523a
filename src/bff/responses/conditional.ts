/**
 * Whether the client has this very representation already, by `If-None-Match`. A compressed form has a tag of its own, so
 * that what is compared is the tag of the form that would be sent. Weak and strong tags are alike here.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
export function isKnown(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === etag || ifNoneMatch.trim() === '*') return true;
  const own = withoutWeak(etag);
  return tagsIn(ifNoneMatch).some((tag) => withoutWeak(tag) === own);
}

/**
 * Whether `If-Match` names this representation, or any with `*`. Weak tags match nothing.
 * @param etag `undefined` for a representation without a tag
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1
 */
export function matches(ifMatch: string, etag: string | undefined): boolean {
  return ifMatch.trim() === '*' || (etag !== undefined && !etag.startsWith('W/') && tagsIn(ifMatch).includes(etag));
}

/** The tag of a compressed form: other bytes, so another strong tag. */
export function etagOfForm(etag: string, encoding: string): string {
  return `${etag.slice(0, -1)}-${encoding}"`;
}

/** A comma within quotes divides nothing; empty items of the list count for nothing. */
function tagsIn(list: string): string[] {
  return list.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

function withoutWeak(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}
