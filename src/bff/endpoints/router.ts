import { nearest } from '../../config/nearest.ts';
import type { Method } from './directives.ts';
import type { BrokenEndpoint, Endpoint, LoadedEndpoints } from './endpoints.ts';
import { compareRoutes, matchRoute } from './route.ts';

/** A valid or a broken endpoint. */
export type AnyEndpoint = Endpoint | BrokenEndpoint;

/** Endpoints by client, those with literal segments before those with parameters. */
export type RoutingTable = ReadonlyMap<string, readonly AnyEndpoint[]>;

/** An endpoint whose route matches a path. */
export interface Match {
  readonly endpoint: AnyEndpoint;
  /** Path parameters, still percent-encoded. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Builds the routing table of all endpoints, including broken ones. */
export function buildRoutingTable(loaded: LoadedEndpoints): RoutingTable {
  const table = new Map<string, AnyEndpoint[]>();
  for (const endpoint of [...loaded.endpoints, ...loaded.broken]) {
    const ofClient = table.get(endpoint.client);
    if (ofClient) ofClient.push(endpoint);
    else table.set(endpoint.client, [endpoint]);
  }
  for (const endpoints of table.values()) endpoints.sort((a, b) => compareRoutes(a.route, b.route));
  return table;
}

/** Returns the endpoints of all methods whose routes match a path such as `/bff/mobile/dashboard/u1`. Best match first. */
export function matchPath(table: RoutingTable, path: string): Match[] {
  const [, , client, ...segments] = path.split('/');
  const matches: Match[] = [];
  for (const endpoint of table.get(client ?? '') ?? []) {
    const parameters = matchRoute(endpoint.route, segments);
    if (parameters) matches.push({ endpoint, parameters });
  }
  return matches;
}

/** Returns the value of `Allow`. GET includes HEAD, and every path supports OPTIONS. */
export function allowedMethods(matches: readonly Match[]): string {
  const methods = new Set<Method | 'HEAD' | 'OPTIONS'>();
  for (const { endpoint } of matches) {
    methods.add(endpoint.method);
    if (endpoint.method === 'GET') methods.add('HEAD');
  }
  return [...methods.add('OPTIONS')].join(', ');
}

/** Returns endpoints with paths similar to an unknown path, for suggestions. */
export function nearEndpoints(table: RoutingTable, path: string): AnyEndpoint[] {
  const requested = path.split('/');
  const all = [...table.values()].flat().map((endpoint) => {
    const pattern = endpoint.path.split('/');
    // a parameter matches any segment in its position
    const filled = pattern.map((segment, i) => (segment.startsWith(':') ? (requested[i] ?? '') : segment)).join('/');
    return { filled, endpoint };
  });
  const near = nearest(path, new Set(all.map(({ filled }) => filled)), 5);
  return near.flatMap((filled) => all.filter((one) => one.filled === filled).map(({ endpoint }) => endpoint));
}
