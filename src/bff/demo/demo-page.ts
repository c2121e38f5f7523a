import { hash } from 'node:crypto';
import { etagOf } from '../../http/conditional.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';
import { DEMO_SCRIPT } from './demo-script.ts';
import { DEMO_STYLE } from './demo-style.ts';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>One graph, two frontends</title>
<style>${DEMO_STYLE}</style>
</head>
<body>
<header>
<h1>One graph, two frontends</h1>
<form id="who"><label>User <input name="user" value="u2" size="6" pattern="[A-Za-z0-9]+" required></label>
<button>Show</button> <span id="state" role="status"></span></form>
<p>Two endpoints use the same services. Stop one of the services and show the user again: its section disappears, the rest stays.
<a href="bff/docs">All endpoints</a> · <a href="graphql">GraphiQL</a></p>
</header>
<main>
<section aria-labelledby="mobile-h">
<h2 id="mobile-h">Mobile <code id="mobile-url"></code></h2>
<div class="phone"><div class="screen" id="mobile" tabindex="0" role="region" aria-label="The screen of the phone"></div></div>
<p class="facts" id="mobile-facts"></p>
</section>
<section aria-labelledby="web-h">
<h2 id="web-h">Web <code id="web-url"></code></h2>
<div class="desktop"><div class="bar" aria-hidden="true"><i></i><i></i><i></i></div><div class="screen" id="web"></div></div>
<p class="facts" id="web-facts"></p>
</section>
</main>
<noscript><p>This page fetches the dashboards with JavaScript.</p></noscript>
<script>${DEMO_SCRIPT}</script>
</body>
</html>
`;

const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${hash('sha256', DEMO_SCRIPT, 'base64')}'`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** The page with both dashboards of the demo: a phone and a desktop. */
export const DEMO_RESPONSE: EndpointResponse = {
  status: 200,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
  },
  body: PAGE,
  etag: etagOf(PAGE),
  encodedBodies: new Map(),
};
