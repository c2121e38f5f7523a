/**
 * Whether the client has this answer already, by `If-None-Match`. A compressed form has a tag of its own, which counts as
 * well: it is the same answer.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
export function isKnown(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === etag) return true;
  const opaque = etag.slice(0, -1);
  return ifNoneMatch.split(',').some((item) => {
    const tag = item.trim().replace(/^W\//, '');
    if (tag === '*' || tag === etag) return true;
    return FORMS.some((form) => tag === `${opaque}-${form}"`);
  });
}

const FORMS = ['gzip', 'br', 'zstd'];

/** The tag of a compressed form: other bytes, so another strong tag. */
export function etagOfForm(etag: string, encoding: string): string {
  return `${etag.slice(0, -1)}-${encoding}"`;
}
