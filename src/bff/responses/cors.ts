import { type Cors, createCors } from '../../policy/requests/cors.ts';
import type { ClientSettings } from '../endpoints/client-file.ts';
import { allowedMethods, matchPath, type RoutingTable } from '../endpoints/router.ts';
import type { CountRefusal } from '../handlers/call.ts';

/** Response headers that web pages can only read if `Access-Control-Expose-Headers` names them. */
const EXPOSED = [
  ...['etag', 'retry-after', 'ratelimit', 'ratelimit-policy', 'x-request-id', 'idempotency-replayed'],
  ...['deprecation', 'sunset', 'link'],
];

/** CORS policies by client; they replace the gateway's own. */
export type ClientPolicies = ReadonlyMap<string, Cors>;

/** Compiles the policies of all clients that have `cors` in their `client.yaml`. */
export function clientPolicies(table: RoutingTable, onRefused: CountRefusal | undefined): ClientPolicies {
  const policies = new Map<string, Cors>();
  for (const [client, [first]] of table) {
    const cors = first?.settings.cors;
    if (cors) policies.set(client, policyOf(client, cors, table, onRefused));
  }
  return policies;
}

/** Returns the policy of the client in a path: `/bff/CLIENT/…`. */
export function policyAt(policies: ClientPolicies, path: string): Cors | undefined {
  return policies.size === 0 ? undefined : policies.get(path.split('/', 3)[2] ?? '');
}

/** Compiles one client's policy. A preflight response allows the methods of the endpoints at its path. */
function policyOf(
  client: string,
  cors: NonNullable<ClientSettings['cors']>,
  table: RoutingTable,
  onRefused: CountRefusal | undefined,
): Cors {
  const policy = {
    origins: cors.origins,
    match_origins: [],
    paths: [`/bff/${client}`],
    allow_credentials: cors.credentials,
    methods: [],
    allow_headers: cors.allow_headers ?? [],
    expose_headers: [...EXPOSED, ...cors.expose_headers],
    max_age: cors.max_age,
  };
  const compiled = createCors({ policies: [policy] }, (_policy, reason) => onRefused?.('bff.cors', reason)) as Cors;
  return {
    headersFor: compiled.headersFor,
    preflight(path, headers) {
      const allowed = compiled.preflight(path, headers);
      return allowed && { ...allowed, 'access-control-allow-methods': allowedMethods(matchPath(table, path)) };
    },
  };
}
