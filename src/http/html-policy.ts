import { hash } from 'node:crypto';

/** What a page needs beyond the default policy. */
export interface PagePolicyOptions {
  /** Additional directives, such as `worker-src blob:`. */
  readonly directives?: readonly string[];
  /** Which sites may show the page in a frame (`security_headers.frame_options`). Default: none. */
  readonly frames?: 'DENY' | 'SAMEORIGIN' | 'none' | undefined;
}

/**
 * Returns headers for an HTML page with inline scripts: browsers run these, by their hashes, and no others. Inline styles are
 * allowed, because editors such as GraphiQL's create them at run time.
 * @see https://www.w3.org/TR/CSP3/
 */
export function pageHeaders(
  html: string,
  { directives = [], frames = 'DENY' }: PagePolicyOptions = {},
): Record<string, string> {
  const hashes = scriptsOf(html).map((script) => `'sha256-${hash('sha256', script, 'base64')}'`);
  const policy = [
    "default-src 'none'",
    `script-src ${hashes.length > 0 ? hashes.join(' ') : "'none'"}`,
    "style-src 'unsafe-inline'",
    "connect-src 'self'",
    ...directives,
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

/** Returns the texts of the script elements as a browser parses them: tags within a script or a style do not count. */
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
