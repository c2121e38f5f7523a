import { hash } from 'node:crypto';
import { DOCS_SCRIPT } from './docs-script.ts';
import { DOCS_STYLE } from './docs-style.ts';

/** Returns the documentation page of endpoints: one HTML file that only fetches the OpenAPI document. */
export function docsPage(openApiPath: string, title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${DOCS_STYLE}</style>
</head>
<body data-openapi="${escapeHtml(openApiPath)}">
<a class="skip" href="#endpoints">Skip to the endpoints</a>
<header>
<h1>${escapeHtml(title)}</h1>
<p>OpenAPI: <a href="${escapeHtml(openApiPath)}">${escapeHtml(openApiPath)}</a></p>
<label for="token">Bearer token <input id="token" type="password" autocomplete="off" placeholder="for endpoints that need one"></label>
</header>
<nav aria-label="Endpoints" id="index"></nav>
<main id="endpoints"><p id="state" role="status">Loading…</p></main>
<noscript><p>This page shows the OpenAPI document, which needs JavaScript.</p></noscript>
<script>${DOCS_SCRIPT}</script>
</body>
</html>
`;
}

/** Content security policy: only the page's own script runs, and it only connects to the gateway. */
export const DOCS_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${hash('sha256', DOCS_SCRIPT, 'base64')}'`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
