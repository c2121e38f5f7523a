/** Returns the path of a request's URL as it was sent, without the query string: `/graphql` of `/graphql?query=…`. */
export function pathOf(url = '/'): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** Returns the query string without the `?`; empty where there is none. */
export function queryOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? '' : url.slice(query + 1);
}
