import type { ClientContext, ForwardedHeaders, ForwardHeaders } from '../sources/source.ts';

const NOTHING_FORWARDED: ForwardedHeaders = { pairs: [], sharingKey: '' };

/** Headers that describe the message and its connection. A plugin cannot set them. */
export const OF_MESSAGE: ReadonlySet<string> = new Set([
  ...['accept-encoding', 'connection', 'content-encoding', 'content-length', 'content-type', 'host'],
  ...['keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** Adds the headers that plugins set for a fetch to those that header rules forward. They replace headers of the same name. */
export function withAddedHeaders(forward: ForwardHeaders | undefined): ForwardHeaders {
  const cache = new WeakMap<ClientContext, ForwardedHeaders>();
  return (client) => {
    const { addedHeaders, removedHeaders } = client;
    if (addedHeaders === undefined) return forward?.(client) ?? NOTHING_FORWARDED;
    let all = cache.get(client);
    if (all === undefined) {
      all = merged(forward?.(client) ?? NOTHING_FORWARDED, addedHeaders, new Set(removedHeaders));
      cache.set(client, all);
    }
    return all;
  };
}

function merged(
  { pairs, sharingKey, ...kinds }: ForwardedHeaders,
  added: readonly string[],
  removed: ReadonlySet<string>,
): ForwardedHeaders {
  const own = new Map<string, string>();
  for (let i = 0; i < added.length; i += 2) {
    const name = added[i] as string;
    if (!OF_MESSAGE.has(name)) own.set(name, added[i + 1] as string);
  }
  const all: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const name = (pairs[i] as string).toLowerCase();
    if (!own.has(name) && !removed.has(name)) all.push(pairs[i] as string, pairs[i + 1] as string);
  }
  let key = sharingKey;
  // no name of a header begins with a space
  for (const name of removed) key += ` ${JSON.stringify(name)}\n`;
  for (const [name, value] of own) {
    all.push(name, value);
    // values have no line breaks, so different headers never give the same text
    key += `${name}:${value}\n`;
  }
  return { pairs: all, sharingKey: key, ...kinds };
}
