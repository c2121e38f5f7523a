import { stringifyJson } from '../../shared/exact-json.ts';
import type { Call, Served } from '../answering/call.ts';
import { refuseMethod } from '../delivery/methods.ts';
import { etagOf, JSON_TYPE, type Reply } from '../delivery/reply.ts';
import { DOCS_POLICY, docsPage } from './docs-page.ts';
import { openApiOf } from './openapi.ts';

/** Written once for each schema and folder. */
const written = new WeakMap<Served, Map<string, Reply>>();

/**
 * `/bff/openapi.json`, `/bff/docs`, and both for each client: `/bff/CLIENT/openapi.json`. Endpoints go before them.
 * @returns `undefined` where the path is none of these
 */
export function docsReply({ route: path, req }: Call, served: Served, prefix: string): Reply | undefined {
  const found = /^\/bff(?:\/([^/]+))?\/(openapi\.json|docs)$/.exec(path);
  const [, client, what] = found ?? [];
  if (what === undefined || (client !== undefined && !served.table.has(client))) return undefined;
  const refused = refuseMethod(req.method, prefix + path);
  if (refused) return refused;
  const known = written.get(served) ?? new Map<string, Reply>();
  written.set(served, known);
  const reply =
    known.get(path) ?? (what === 'docs' ? pageReply(client, prefix) : documentReply(served, client, prefix));
  known.set(path, reply);
  return reply;
}

/** Servers that are paths of this site are below the prefix, as everything is. */
function documentReply({ loaded, engine }: Served, client: string | undefined, prefix: string): Reply {
  const document = openApiOf(loaded.endpoints, engine.publicSchema, client);
  const servers = (document.servers as readonly { readonly url: string }[]).map((server) => {
    return server.url.startsWith('/') ? { ...server, url: (prefix + server.url).replace(/(.)\/$/, '$1') } : server;
  });
  const body = stringifyJson({ ...document, servers });
  return kept(body, { 'content-type': JSON_TYPE });
}

function pageReply(client: string | undefined, prefix: string): Reply {
  const title = client === undefined ? 'Endpoints' : `Endpoints of ${client}`;
  const body = docsPage(`${prefix}/bff/${client === undefined ? '' : `${client}/`}openapi.json`, title);
  return kept(body, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': DOCS_POLICY });
}

function kept(body: string, headers: Record<string, string>): Reply {
  const bytes = Buffer.from(body);
  return {
    status: 200,
    headers: { ...headers, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' },
    body: bytes,
    etag: etagOf(bytes),
    forms: new Map(),
  };
}
