/** One element of `x-forwarded-client-cert`: values by key, in lower case. */
export type ForwardedCertificate = ReadonlyMap<string, readonly string[]>;

/** Keys that Envoy writes, and those that may occur several times in an element. */
const KEYS = new Set(['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns']);
const REPEATED = new Set(['by', 'uri', 'dns']);
const KEY = /[A-Za-z]+/y;
/** A backslash in quotes belongs to the next character; Envoy does not escape the escapes of a distinguished name. */
const QUOTED = /"((?:[^"\\]|\\[\s\S])*)"/y;
const BARE = /[^",;]*/y;

/**
 * Parses `x-forwarded-client-cert` in Envoy's format: one element per proxy, separated by commas; `key=value` pairs, separated
 * by semicolons. Values lose their quotes and are otherwise unchanged. Throws if any part is not well-formed, so that nothing
 * is read in part.
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
    if (value === undefined) throw new Error('unclosed quotes');
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
