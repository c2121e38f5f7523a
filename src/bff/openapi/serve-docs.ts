import { stringifyJson } from '../../shared/exact-json.ts';
import type { BffContext, Call, EndpointSnapshot } from '../handlers/call.ts';
import { type EndpointResponse, etagOf, JSON_TYPE } from '../responses/endpoint-response.ts';
import { refuseMethod } from '../responses/methods.ts';
import { DOCS_POLICY, docsPage } from './docs-page.ts';
import { openApiOf } from './openapi.ts';

/** Written once for each schema and folder. */
const written = new WeakMap<EndpointSnapshot, Map<string, EndpointResponse>>();

/**
 * `/bff/openapi.json`, `/bff/docs`, and both for each client: `/bff/CLIENT/openapi.json`. Endpoints go before them.
 * @returns `undefined` where the path is none of these
 */
export function docsResponse(
  { route: path, req }: Call,
  snapshot: EndpointSnapshot,
  bff: BffContext,
): EndpointResponse | undefined {
  const found = /^\/bff(?:\/([^/]+))?\/(openapi\.json|docs)$/.exec(path);
  const [, client, what] = found ?? [];
  if (what === undefined || (client !== undefined && !snapshot.table.has(client))) return undefined;
  const refused = refuseMethod(req.method, bff.pathPrefix + path);
  if (refused) return refused;
  const known = written.get(snapshot) ?? new Map<string, EndpointResponse>();
  written.set(snapshot, known);
  const response =
    known.get(path) ??
    (what === 'docs' ? pageResponse(client, bff.pathPrefix) : documentResponse(snapshot, client, bff));
  known.set(path, response);
  return response;
}

/** The server is this site, below the prefix, unless the configuration says where clients find it. */
function documentResponse(
  { loaded, engine }: EndpointSnapshot,
  client: string | undefined,
  bff: BffContext,
): EndpointResponse {
  const { acceptedCredentials, documentSettings, pathPrefix } = bff;
  const settings = { ...documentSettings, servers: documentSettings.servers ?? [{ url: pathPrefix || '/' }] };
  const body = stringifyJson(
    openApiOf(loaded.endpoints, engine.publicSchema, { client, acceptedCredentials, settings }),
  );
  return kept(body, { 'content-type': JSON_TYPE });
}

function pageResponse(client: string | undefined, prefix: string): EndpointResponse {
  const title = client === undefined ? 'Endpoints' : `Endpoints of ${client}`;
  const body = docsPage(`${prefix}/bff/${client === undefined ? '' : `${client}/`}openapi.json`, title);
  return kept(body, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': DOCS_POLICY });
}

function kept(body: string, headers: Record<string, string>): EndpointResponse {
  const bytes = Buffer.from(body);
  return {
    status: 200,
    headers: { ...headers, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' },
    body: bytes,
    etag: etagOf(bytes),
    encodedBodies: new Map(),
  };
}
