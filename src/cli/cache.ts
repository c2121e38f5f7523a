import { urlWithoutSecrets } from '../shared/secret-parameters.ts';
import { fetchFailure, UsageError } from './failure.ts';

export interface PurgeFlags {
  readonly subgraph?: readonly string[];
  readonly type?: readonly string[];
  readonly key?: string;
  readonly path: string;
  readonly tag?: readonly string[];
  readonly entity?: readonly string[];
  readonly url?: string;
  readonly token?: string;
}

/**
 * `headgate cache purge`: removes cached responses from a running gateway, and prints their number. Throws `UsageError` if tags or
 * the token are missing, the gateway rejects the request, or does not know a name in it.
 */
export async function purgeCache(flags: PurgeFlags): Promise<void> {
  const { tag = [], entity = [], subgraph = [], type = [] } = flags;
  if (tag.length + entity.length + subgraph.length + type.length === 0)
    throw new UsageError(
      'Name what to purge: --tag mobile/dashboard, --entity Product:p7, --subgraph products, --type products.Product',
    );
  const key = flags.key ?? process.env.HEADGATE_CACHE_KEY;
  if (key) return invalidate(flags, key);
  if (subgraph.length + type.length > 0)
    throw new UsageError(
      '--key, or HEADGATE_CACHE_KEY, must have the value of response_cache.invalidation.shared_key of the gateway.',
    );
  const token = flags.token ?? process.env.HEADGATE_PURGE_TOKEN;
  if (!token)
    throw new UsageError(
      'a key or a token is missing. --key, or HEADGATE_CACHE_KEY, has the value of response_cache.invalidation.shared_key, for the admin listener; --token, or HEADGATE_PURGE_TOKEN, has that of bff.purge_token.',
    );
  const target = targetOf(flags.url ?? 'http://127.0.0.1:4000', '/bff/purge');
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ tags: tag, entities: entity }),
  }).catch((error: Error) => {
    throw new UsageError(unreachable(target, error));
  });
  const result = (await response.json().catch(() => ({}))) as { purged?: number; detail?: string };
  if (!response.ok || result.purged === undefined)
    throw new UsageError(failure(target, response.status, result.detail, HINTS.token));
  console.log(`purged ${result.purged} response${result.purged === 1 ? '' : 's'}`);
}

/** Sends requests to the invalidation API of the admin listener. */
async function invalidate(flags: PurgeFlags, key: string): Promise<void> {
  const target = targetOf(flags.url ?? 'http://127.0.0.1:9090', flags.path);
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: key },
    body: JSON.stringify(requestsOf(flags)),
  }).catch((error: Error) => {
    throw new UsageError(unreachable(target, error));
  });
  const result = (await response.json().catch(() => ({}))) as { count?: number; unknown?: string[]; detail?: string };
  if (!response.ok || result.count === undefined)
    throw new UsageError(failure(target, response.status, result.detail, HINTS.key));
  console.log(`purged ${result.count} value${result.count === 1 ? '' : 's'}`);
  if (result.unknown)
    throw new UsageError(`the gateway does not know all that you named:\n${result.unknown.join('\n')}`);
}

function requestsOf({ tag = [], entity = [], subgraph = [], type = [] }: PurgeFlags): object[] {
  const pair = (flag: string, text: string, separator: string) => {
    const at = text.indexOf(separator);
    if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)] as const;
    throw new UsageError(`${flag}: "${text}" has no "${separator}" between two names`);
  };
  return [
    ...tag.map((text) => ({ kind: 'cache_tag', cache_tag: text })),
    ...entity.map((text) => {
      const [name, key] = pair('--entity', text, ':');
      return { kind: 'entity', type: name, key: key.startsWith('{') ? keyIn(text, key) : key };
    }),
    ...subgraph.map((text) => ({ kind: 'subgraph', subgraph: text })),
    ...type.map((text) => {
      const [owner, name] = pair('--type', text, '.');
      return { kind: 'type', subgraph: owner, type: name };
    }),
  ];
}

function keyIn(text: string, key: string): unknown {
  try {
    return JSON.parse(key);
  } catch (error) {
    const reason = (error as SyntaxError).message;
    throw new UsageError(`--entity: the key in "${text}" is not JSON (${reason}); expected Product:{"id": "7"}`);
  }
}

/** Throws `UsageError` for what is not a URL. */
function targetOf(url: string, path: string): URL {
  if (!/^https?:/.test(url) || !URL.canParse(url))
    throw new UsageError(`--url: "${urlWithoutSecrets(url)}" is not an http:// or https:// URL`);
  const target = new URL(url);
  target.pathname = `${target.pathname.replace(/\/$/, '')}${path}`;
  return target;
}

function unreachable({ origin }: URL, error: Error): string {
  const reason = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? fetchFailure(error);
  return `no gateway responds at ${origin} (${reason}). Start it, or name its URL with --url.`;
}

const HINTS = {
  key: '--url must be that of the admin listener (by default http://127.0.0.1:9090), and response_cache.invalidation.shared_key must be set in its config.',
  token: 'Is bff.purge_token set in its config?',
};

function failure(target: URL, status: number, detail: string | undefined, hint: string): string {
  const reasons = [...(detail === undefined ? [] : [detail]), ...(status === 404 ? [hint] : [])];
  return `${urlWithoutSecrets(target.href)} responded with ${status}: ${reasons.join(' ') || 'no reason given'}`;
}
