/** In characters. Longer URLs make cookies and redirects that proxies reject. */
const LONGEST = 1_024;
const DECODINGS = 3;

// biome-ignore lint/suspicious/noControlCharactersInRegex: browsers remove these from URLs, so that "/\t/evil" is "//evil"
const UNSAFE = /[\u0000-\u0020\u007f\\]/;

/**
 * Returns the absolute URL of a path within this site, such as `/orders?page=2#top`. Returns `undefined` for everything that a
 * browser, or a server that decodes once too often, could read as another site: `//evil.example`, `/\evil.example`,
 * `/%2f%2fevil.example`, `https://evil.example`.
 * @param origin of this site: `https://shop.example`
 */
export function urlWithin(origin: string, path: string): string | undefined {
  if (path.length > LONGEST || !isPlainPath(path)) return undefined;
  let decoded = path;
  for (let times = 0; times < DECODINGS && decoded.includes('%'); times++) {
    try {
      decoded = decodeURIComponent(decoded);
    } catch {
      // a stray "%", as in "/search?q=100%", is not an escape: servers do not decode it
      break;
    }
    if (!isPlainPath(decoded, /[\r\n\t\\]/)) return undefined;
  }
  const url = new URL(path, origin);
  return url.origin === origin ? url.href : undefined;
}

function isPlainPath(path: string, unsafe = UNSAFE): boolean {
  return path.startsWith('/') && !path.startsWith('//') && !unsafe.test(path);
}
