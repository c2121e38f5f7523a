import { linearPattern, patternProblem } from './linear-pattern.ts';

/** An unrelated origin that a pattern accepts by mistake. */
export interface UnrelatedOrigin {
  readonly origin: string;
  /** How to write the pattern instead. */
  readonly advice: string;
}

/** Domains below which anybody can register a name. */
const SHARED_DOMAINS = [
  ...['com', 'net', 'org', 'info', 'biz', 'dev', 'app', 'cloud', 'shop', 'store', 'online', 'site', 'xyz', 'tech'],
  ...['co.uk', 'com.au', 'co.jp', 'com.br'],
  ...[
    'github.io',
    'pages.dev',
    'workers.dev',
    'vercel.app',
    'netlify.app',
    'web.app',
    'firebaseapp.com',
    'herokuapp.com',
  ],
  ...['azurewebsites.net', 'cloudfront.net', 'onrender.com', 'fly.dev', 'ngrok.io', 'ngrok-free.app'],
];

const NAME_THE_HOST = 'Name the host in the pattern: "https://([a-z0-9-]+\\.)*shop\\.example".';
const LEAVE_NULL_OUT = 'Remove "null": any page can make a browser send it, from a sandboxed frame.';
const SEPARATE_THE_HOST =
  'Put a dot between the host and the part before it: "https://([a-z0-9-]+\\.)*shop\\.example", not "https://.*shop\\.example".';
const END_WITH_THE_HOST = 'End the pattern with the host or its port: "https://shop\\.example(:[0-9]+)?".';
const ESCAPE_DOTS = 'A "." matches any character: write each dot of the host as "\\.".';

const GENERAL: readonly UnrelatedOrigin[] = [
  { origin: 'null', advice: LEAVE_NULL_OUT },
  ...[
    'https://evil.example',
    'http://evil.example',
    'https://a.b.evil.example',
    'https://evil',
    'https://192.0.2.1',
  ].map((origin) => ({ origin, advice: NAME_THE_HOST })),
  ...SHARED_DOMAINS.map((domain) => ({ origin: `https://evil.${domain}`, advice: NAME_THE_HOST })),
];

const ESCAPED_DOT = '\u0001';
const WILDCARD = '\u0002';

/**
 * Tests an origin pattern with origins that are unrelated to the hosts in it: other hosts, hosts that begin or end alike, and hosts
 * with another character instead of a dot. The pattern must match as a whole.
 * @returns the first unrelated origin that it accepts
 */
export function unrelatedOrigin(pattern: string): UnrelatedOrigin | undefined {
  // an invalid pattern is reported elsewhere
  if (patternProblem(pattern) !== undefined) return undefined;
  const matches = linearPattern(pattern, { whole: true });
  return [...GENERAL, ...derivedFrom(pattern)].find(
    ({ origin }) => (origin === 'null' || isOrigin(origin)) && matches(origin),
  );
}

/** Whether a browser could send this origin. */
function isOrigin(text: string): boolean {
  return !text.includes('//.') && URL.canParse(text) && text === `${new URL(text).protocol}//${new URL(text).host}`;
}

function derivedFrom(pattern: string): UnrelatedOrigin[] {
  const text = literalText(pattern);
  const words = [...new Set(text.match(/[a-z0-9]+(?:-+[a-z0-9]+)*/gi) ?? [])].slice(0, MOST_WORDS);
  const ports = ['', ':8443', ...words.filter((word) => /^\d{2,5}$/.test(word)).map((port) => `:${port}`)];
  const hosts: (readonly [host: string, advice: string])[] = [];
  for (const domain of domainsIn(text, words)) {
    hosts.push([`${domain}.evil.example`, END_WITH_THE_HOST], [`${domain}evil.example`, END_WITH_THE_HOST]);
    hosts.push([`evil${ownedPart(domain)}`, SEPARATE_THE_HOST], [`evil-${ownedPart(domain)}`, SEPARATE_THE_HOST]);
  }
  for (const word of words) if (COUNTRY.test(word)) hosts.push([`evil.${word}`, NAME_THE_HOST]);
  for (const host of withOtherDots(text, words)) hosts.push([host, ESCAPE_DOTS]);
  return hosts.flatMap(([host, advice]) =>
    ['https', 'http'].flatMap((scheme) => ports.map((port) => ({ origin: `${scheme}://${host}${port}`, advice }))),
  );
}

const MOST_WORDS = 12;
/** Top-level domains of countries, and only those, have two letters. */
const COUNTRY = /^[a-z]{2}$/i;

/** Returns the literal parts of a pattern. Escaped dots, and parts that match several texts, are replaced by markers. */
function literalText(pattern: string): string {
  const text = pattern
    .replace(/\\\.|\[\.\]|\[\\\.\]/g, ESCAPED_DOT)
    .replace(/\\([/-])/g, '$1')
    .replace(/\\[a-z]/gi, WILDCARD);
  return replaceClasses(text)
    .replace(/\.(?=[*+?{])/g, WILDCARD)
    .replace(/\(\?(?::|<?[=!]|<\w+>)/g, '(')
    .replace(/\{[\d,]*\}/g, '')
    .replace(/^\^?\(*[a-z]+\??:\/\//i, '');
}

/** Replaces each `[…]`. */
function replaceClasses(text: string): string {
  const [before = '', ...parts] = text.split('[');
  return parts.reduce((replaced, part) => {
    const end = part.indexOf(']');
    return replaced + (end < 0 ? `[${part}` : WILDCARD + part.slice(end + 1));
  }, before);
}

/** Returns the hosts in a pattern, and pairs of its words, for hosts written in parts: `(shop|store)\.example`. */
function domainsIn(text: string, words: readonly string[]): Set<string> {
  const whole = text.replaceAll(ESCAPED_DOT, '.').match(/[a-z0-9-]+(?:\.[a-z0-9-]+)*/gi) ?? [];
  const domains = new Set(whole.slice(0, MOST_WORDS).map(withoutOuterHyphens));
  for (const left of words) for (const right of words) if (left !== right) domains.add(`${left}.${right}`);
  domains.delete('');
  return domains;
}

function withoutOuterHyphens(host: string): string {
  let [start, end] = [0, host.length];
  while (host[start] === '-') start++;
  while (end > start && host[end - 1] === '-') end--;
  return host.slice(start, end);
}

/** Returns the registered domain: the last two labels of a host, or three for suffixes such as `co.uk`. */
function ownedPart(host: string): string {
  const labels = host.split('.');
  const isShared = /^(?:co|com|net|org|gov|ac|edu)\.[a-z]{2}$/i.test(labels.slice(-2).join('.'));
  return labels.slice(isShared ? -3 : -2).join('.');
}

/** Returns hosts with a letter instead of one unescaped dot, if someone else could own them. */
function withOtherDots(text: string, words: readonly string[]): string[] {
  const hosts: string[] = [];
  for (const match of text.matchAll(UNESCAPED_HOST)) {
    const host = match[0].replaceAll(ESCAPED_DOT, '.');
    const before = text.slice(0, match.index);
    const owned = host.length - ownedPart(host).length;
    for (let at = 0; at < match[0].length; at++) {
      if (match[0][at] !== '.' || at < owned - 1) continue;
      const other = `${host.slice(0, at)}x${host.slice(at + 1)}`;
      // the part before it in the pattern may be a choice of words
      const below = (label: string) => (at === 0 || other.startsWith('.') ? label + other : `${label}.${other}`);
      hosts.push(...(at === 0 ? [] : [other]), ...words.map(below), ...(before === '' ? [] : [below('evil')]));
    }
  }
  return hosts;
}

/** Matches from a dot or a label to the end of a host. */
const UNESCAPED_HOST = new RegExp(`[.${ESCAPED_DOT}]?[a-z0-9-]+(?:[.${ESCAPED_DOT}][a-z0-9-]+)*`, 'gi');
