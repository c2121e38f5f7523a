/** Where requests to a subgraph go. */
export interface SubgraphAddress {
  /** `http://host:port`, `https://host:port`, or `unix:///run/products.sock` for a Unix domain socket. */
  readonly origin: string;
  /** Path and query of requests. */
  readonly path: string;
  /** Credentials in the URL, decoded: `user:password`. */
  readonly credentials?: string | undefined;
}

/** The bytes of a socket's path that all systems take; Linux takes four more. */
const MAX_SOCKET_PATH = 103;

/**
 * Reads the URL of a subgraph. As no standard has URLs of Unix sockets, they have the form of Apollo Router: the path of the URL is that of
 * the socket, and the path of requests is in the query: `unix:///run/products.sock?path=/graphql`. Without it, requests go to `/`.
 * @returns what is wrong, in a few words, for a URL that cannot be used
 */
export function readSubgraphUrl(text: string): SubgraphAddress | string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'unix:') return readUnixUrl(url);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return 'expected an http://, https:// or unix:// URL';
  const { origin, pathname, search, username, password } = url;
  if (username === '') return { origin, path: pathname + search };
  const credentials = decoded(`${username}:${password}`);
  if (credentials === undefined) return 'expected credentials with "%25" for "%"';
  return { origin, path: pathname + search, credentials };
}

function readUnixUrl(url: URL): SubgraphAddress | string {
  const socket = decoded(url.pathname) ?? '';
  const others = [...url.searchParams.keys()].filter((name) => name !== 'path');
  if (url.host !== '' || url.hash !== '' || others.length > 0 || socket.length < 2 || socket.endsWith('/'))
    return 'expected an absolute path and, if it is not "/", the path of requests: unix:///run/products.sock?path=/graphql';
  const bytes = Buffer.byteLength(socket);
  if (bytes > MAX_SOCKET_PATH)
    return `the path of the socket has ${bytes} bytes; operating systems allow ${MAX_SOCKET_PATH}`;
  const path = url.searchParams.get('path') ?? '/';
  return { origin: `unix://${url.pathname}`, path: path.startsWith('/') ? path : `/${path}` };
}

/** Returns the path of the socket in an origin; `undefined` for the origin of a host. */
export function socketPathOf(origin: string): string | undefined {
  return origin.startsWith('unix:') ? decoded(new URL(origin).pathname) : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Returns a URL without credentials and query, for logs and metrics. */
export function subgraphUrlLabel(url: string): string {
  const { origin, host, protocol, pathname } = new URL(url);
  return `${origin === 'null' ? `${protocol}//${host}` : origin}${pathname}`;
}
