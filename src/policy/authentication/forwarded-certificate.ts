/** What one proxy says of a client's certificate in `x-forwarded-client-cert`: values by key, in lower case. */
export type ForwardedCertificate = ReadonlyMap<string, readonly string[]>;

/** Keys that Envoy writes; those that may stand there several times, a name each. */
const KEYS = new Set(['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns']);
const REPEATED = new Set(['by', 'uri', 'dns']);
const KEY = /[A-Za-z]+/y;
/** Between quotes a backslash belongs to what follows it; Envoy writes the escapes of a distinguished name as they are. */
const QUOTED = /"((?:[^"\\]|\\[\s\S])*)"/y;
const BARE = /[^",;]*/y;

/**
 * Reads `x-forwarded-client-cert` as Envoy writes it: elements with commas between them, one of each proxy, `key=value` with
 * semicolons. A quoted value comes back without its quotes and otherwise as it stands. Throws where any of it is not
 * well-formed, so that nothing is half read.
 *
 * In:  `By=spiffe://a;Hash=ab12;Subject="CN=ada\,O=Shop";URI=spiffe://ada`
 * Out: `by → [spiffe://a]`, `hash → [ab12]`, `subject → [CN=ada\,O=Shop]`, `uri → [spiffe://ada]`
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert
 */
export function parseForwardedCertificates(text: string): ForwardedCertificate[] {
  const elements: ForwardedCertificate[] = [];
  let at = 0;
  const match = (pattern: RegExp, group: number): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    at += found?.[0].length ?? 0;
    return found?.[group];
  };
  const skipBlanks = () => {
    while (text[at] === ' ' || text[at] === '\t') at++;
  };
  const readPair = (element: Map<string, string[]>) => {
    const key = match(KEY, 0)?.toLowerCase() ?? '';
    if (!KEYS.has(key)) throw new Error(`expected one of ${[...KEYS].join(', ')} at character ${at + 1}`);
    if (text[at++] !== '=') throw new Error(`expected "=" at character ${at}`);
    const value = text[at] === '"' ? match(QUOTED, 1) : match(BARE, 0)?.trim();
    if (value === undefined) throw new Error('quotes that do not close');
    const known = element.get(key) ?? [];
    if (known.length > 0 && !REPEATED.has(key)) throw new Error(`${key} twice in one element`);
    element.set(key, [...known, value]);
  };
  for (skipBlanks(); at < text.length; at++, skipBlanks()) {
    if (text[at] === ',') continue;
    const element = new Map<string, string[]>();
    readPair(element);
    while (text[at] === ';') {
      at++;
      readPair(element);
    }
    skipBlanks();
    if (at < text.length && text[at] !== ',') throw new Error(`expected ";" or "," at character ${at + 1}`);
    elements.push(element);
  }
  return elements;
}
