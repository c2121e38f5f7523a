/** A segment of a path pattern: `/dashboard/:userId` has the literal `dashboard` and the parameter `userId`. */
export type Segment = { readonly literal: string } | { readonly parameter: string };
export type Route = readonly Segment[];

/**
 * Parses the `path` of an endpoint.
 * @returns the route, or an error message
 */
export function parseRoute(path: string): Route | string {
  if (!path.startsWith('/')) return `The path "${path}" does not start with "/".`;
  const parameters = new Set<string>();
  const route: Segment[] = [];
  for (const text of path === '/' ? [] : path.slice(1).split('/')) {
    if (text.startsWith(':')) {
      const parameter = text.slice(1);
      if (!/^[_A-Za-z][_0-9A-Za-z]*$/.test(parameter))
        return `The path "${path}" has a parameter without a valid name: "${text}".`;
      if (parameters.has(parameter)) return `The path "${path}" has the parameter ":${parameter}" twice.`;
      parameters.add(parameter);
      route.push({ parameter });
    } else if (!/^[0-9A-Za-z._~-]+$/.test(text)) {
      return `The path "${path}" has a segment that is empty or has characters other than letters, digits and "-._~": "${text}".`;
    } else {
      route.push({ literal: text });
    }
  }
  return route;
}

/** Returns the names of the parameters in a route. */
export function parametersOf(route: Route): string[] {
  return route.flatMap((segment) => ('parameter' in segment ? [segment.parameter] : []));
}

/** Returns a key that is equal for routes that match the same paths. It does not contain names of parameters. */
export function routeKey(route: Route): string {
  return `/${route.map((segment) => ('literal' in segment ? segment.literal : ':')).join('/')}`;
}

/** Compares routes for sorting: at the first difference, a literal comes before a parameter. */
export function compareRoutes(a: Route, b: Route): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = Number('parameter' in (a[i] as Segment)) - Number('parameter' in (b[i] as Segment));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Returns the parameters in a path, still percent-encoded; `undefined` where the route does not match. */
export function matchRoute(route: Route, path: readonly string[]): Map<string, string> | undefined {
  if (route.length !== path.length) return undefined;
  const found = new Map<string, string>();
  for (const [i, segment] of route.entries()) {
    const text = path[i] as string;
    if ('literal' in segment) {
      if (segment.literal !== text) return undefined;
    } else {
      if (text === '') return undefined;
      found.set(segment.parameter, text);
    }
  }
  return found;
}
