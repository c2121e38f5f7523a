import type { Connectors, HeaderRule } from './connector.ts';

/**
 * Returns the names, in lower case, of the client headers that a file's connectors read. Clients with different values may
 * get different responses.
 * @param isIgnored whether no response depends on what a rule forwards
 * @returns `undefined` where a connector may read any header
 */
export function clientHeadersOf(
  { connectors }: Pick<Connectors, 'connectors'>,
  isIgnored: (rule: HeaderRule) => boolean = () => false,
): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { source, headers, references } of connectors) {
    for (const rule of [...(source?.headers ?? []), ...headers])
      if ('from' in rule && !isIgnored(rule)) names.add(rule.from.toLowerCase());
    for (const { variable, path } of [...(source?.references ?? []), ...references]) {
      if (variable !== '$request') continue;
      const [part, name] = path;
      if (part === undefined || (part === 'headers' && name === undefined)) return undefined;
      if (part === 'headers' && name !== undefined) names.add(name.toLowerCase());
    }
  }
  return names;
}
