import { urlWithoutSecrets } from '../shared/secret-parameters.ts';
import { fetchFailure, UsageError } from './failure.ts';

export interface PurgeFlags {
  readonly tag?: readonly string[];
  readonly entity?: readonly string[];
  readonly url: string;
  readonly token?: string;
}

/**
 * `headgate cache purge`: removes cached responses from a running gateway, and prints their number. Throws `UsageError` if tags or
 * the token are missing, or the gateway rejects the request.
 */
export async function purgeCache(flags: PurgeFlags): Promise<void> {
  const { tag = [], entity = [] } = flags;
  if (tag.length + entity.length === 0)
    throw new UsageError('Name what to purge: --tag mobile/dashboard, --entity Product:p7');
  const token = flags.token ?? process.env.HEADGATE_PURGE_TOKEN;
  if (!token)
    throw new UsageError('--token, or HEADGATE_PURGE_TOKEN, must have the value of bff.purge_token of the gateway.');
  if (!/^https?:/.test(flags.url) || !URL.canParse(flags.url))
    throw new UsageError(`--url: "${urlWithoutSecrets(flags.url)}" is not an http:// or https:// URL`);
  const target = new URL(flags.url);
  target.pathname = `${target.pathname.replace(/\/$/, '')}/bff/purge`;
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ tags: tag, entities: entity }),
  }).catch((error: Error) => {
    throw new UsageError(unreachable(target, error));
  });
  const result = (await response.json().catch(() => ({}))) as { purged?: number; detail?: string };
  if (!response.ok || result.purged === undefined)
    throw new UsageError(failure(target, response.status, result.detail));
  console.log(`purged ${result.purged} response${result.purged === 1 ? '' : 's'}`);
}

function unreachable({ origin }: URL, error: Error): string {
  const reason = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? fetchFailure(error);
  return `no gateway responds at ${origin} (${reason}). Start it, or name its URL with --url.`;
}

function failure(target: URL, status: number, detail: string | undefined): string {
  const hint = status === 404 ? ' Is bff.purge_token set in its config?' : '';
  return `${urlWithoutSecrets(target.href)} responded with ${status}: ${detail ?? 'no reason given'}${hint}`;
}
