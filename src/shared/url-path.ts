/** Returns the path of a request target as it was sent, without the query string. */
export function pathOf(target: string | undefined): string {
  if (target === undefined) return '/';
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}
