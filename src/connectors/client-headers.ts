import type { Connectors } from './connector.ts';

/**
 * Names, in lower case, of the client's headers that a file's connectors read: two clients that differ in them may be
 * answered differently. `undefined` when some connector may read any of them.
 */
export function clientHeadersOf({ connectors }: Pick<Connectors, 'connectors'>): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { source, headers, references } of connectors) {
    for (const rule of [...(source?.headers ?? []), ...headers]) if ('from' in rule) names.add(rule.from);
    for (const { variable, path } of [...(source?.references ?? []), ...references]) {
      if (variable !== '$request') continue;
      const [part, name] = path;
      if (part === undefined || (part === 'headers' && name === undefined)) return undefined;
      if (part === 'headers' && name !== undefined) names.add(name.toLowerCase());
    }
  }
  return names;
}
