import { nearest } from '../../config/nearest.ts';
import type { Method } from './directives.ts';
import type { BrokenEndpoint, Endpoint, LoadedEndpoints } from './endpoints.ts';
import { compareRoutes, matchRoute } from './route.ts';

export type AnyEndpoint = Endpoint | BrokenEndpoint;

/** Endpoints by client, those with literal segments before those with parameters. */
export type RoutingTable = ReadonlyMap<string, readonly AnyEndpoint[]>;

export interface Match {
  readonly endpoint: AnyEndpoint;
  /** Path parameters, still percent-encoded. */
  readonly parameters: ReadonlyMap<string, string>;
}

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

/** Every endpoint, whatever its method, that the path leads to: `/bff/mobile/dashboard/u1`. Best first. */
export function matchPath(table: RoutingTable, path: string): Match[] {
  const [, , client, ...segments] = path.split('/');
  const matches: Match[] = [];
  for (const endpoint of table.get(client ?? '') ?? []) {
    const parameters = matchRoute(endpoint.route, segments);
    if (parameters) matches.push({ endpoint, parameters });
  }
  return matches;
}

/** For the `Allow` header: a GET endpoint answers HEAD too, and every path answers OPTIONS. */
export function allowedMethods(matches: readonly Match[]): string {
  const methods = new Set<Method | 'HEAD' | 'OPTIONS'>();
  for (const { endpoint } of matches) {
    methods.add(endpoint.method);
    if (endpoint.method === 'GET') methods.add('HEAD');
  }
  return [...methods.add('OPTIONS')].join(', ');
}

/** What someone may have meant who asked for a path that leads nowhere: `GET /bff/mobile/dashboard/:userId`. */
export function nearEndpoints(table: RoutingTable, path: string): AnyEndpoint[] {
  const asked = path.split('/');
  const all = [...table.values()].flat().map((endpoint) => {
    const pattern = endpoint.path.split('/');
    // A parameter is as near as can be to whatever stands in its place.
    const filled = pattern.map((segment, i) => (segment.startsWith(':') ? (asked[i] ?? '') : segment)).join('/');
    return { filled, endpoint };
  });
  const near = nearest(path, new Set(all.map(({ filled }) => filled)), 5);
  return near.flatMap((filled) => all.filter((one) => one.filled === filled).map(({ endpoint }) => endpoint));
}
