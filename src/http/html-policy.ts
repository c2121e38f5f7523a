import { hash } from 'node:crypto';

export interface PageNeeds {
  /** Directives beside those that every page has, such as `worker-src blob:`. */
  readonly also?: readonly string[];
  /** Who may show the page inside a frame, as `security_headers.frame_options` says; by default nobody. */
  readonly frames?: 'DENY' | 'SAMEORIGIN' | 'none' | undefined;
}

/**
 * Returns headers for an HTML page that brings its own scripts along: browsers run these, by their hashes, and no others. Styles
 * are free, since editors such as GraphiQL's write them while they run.
 * @see https://www.w3.org/TR/CSP3/
 */
export function pageHeaders(html: string, { also = [], frames = 'DENY' }: PageNeeds = {}): Record<string, string> {
  const hashes = scriptsOf(html).map((script) => `'sha256-${hash('sha256', script, 'base64')}'`);
  const policy = [
    "default-src 'none'",
    `script-src ${hashes.length > 0 ? hashes.join(' ') : "'none'"}`,
    "style-src 'unsafe-inline'",
    "connect-src 'self'",
    ...also,
    "base-uri 'none'",
    "form-action 'none'",
    ...FRAME_ANCESTORS[frames],
  ];
  return { 'content-security-policy': policy.join('; '), 'x-content-type-options': 'nosniff' };
}

const FRAME_ANCESTORS = {
  DENY: ["frame-ancestors 'none'"],
  SAMEORIGIN: ["frame-ancestors 'self'"],
  none: [],
} as const;

/** Returns the texts of the script elements as a browser sees them: what is in a script or a style begins no other. */
function scriptsOf(html: string): string[] {
  const scripts: string[] = [];
  let at = 0;
  for (;;) {
    const open = /<(script|style)\b[^<>]*>/gi;
    open.lastIndex = at;
    const tag = open.exec(html);
    if (tag === null) return scripts;
    const begin = tag.index + tag[0].length;
    const end = html.indexOf(`</${tag[1]}`, begin);
    if (end < 0) return scripts;
    if (tag[1] === 'script') scripts.push(html.slice(begin, end));
    at = end;
  }
}
