import { etagOf } from '../../http/conditional.ts';
import { JSON_TYPE } from '../../http/media-type.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import type { BffContext, Call, EndpointSnapshot } from '../handlers/call.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';
import { refuseMethod } from '../responses/methods.ts';
import { DOCS_POLICY, docsPage } from './docs-page.ts';
import { openApiOf } from './openapi.ts';

/** Responses by path, created once for each schema and folder. */
const responsesBySnapshot = new WeakMap<EndpointSnapshot, Map<string, EndpointResponse>>();

/**
 * Serves `/bff/openapi.json` and `/bff/docs`, and both for each client: `/bff/CLIENT/openapi.json`. Endpoints take
 * precedence.
 * @returns `undefined` for other paths
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
  const responses = responsesBySnapshot.get(snapshot) ?? new Map<string, EndpointResponse>();
  responsesBySnapshot.set(snapshot, responses);
  const response =
    responses.get(path) ??
    (what === 'docs' ? pageResponse(client, bff.pathPrefix) : documentResponse(snapshot, client, bff));
  responses.set(path, response);
  return response;
}

/** Creates the response with an OpenAPI document. The default server is this origin with the path prefix. */
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
  return revalidated(body, { 'content-type': JSON_TYPE });
}

function pageResponse(client: string | undefined, prefix: string): EndpointResponse {
  const title = client === undefined ? 'Endpoints' : `Endpoints of ${client}`;
  const body = docsPage(`${prefix}/bff/${client === undefined ? '' : `${client}/`}openapi.json`, title);
  return revalidated(body, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': DOCS_POLICY });
}

function revalidated(body: string, headers: Record<string, string>): EndpointResponse {
  const bytes = Buffer.from(body);
  return {
    status: 200,
    headers: { ...headers, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' },
    body: bytes,
    etag: etagOf(bytes),
    encodedBodies: new Map(),
  };
}
