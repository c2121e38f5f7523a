import { UsageError } from './failure.ts';

export interface PurgeFlags {
  readonly tag?: readonly string[];
  readonly entity?: readonly string[];
  readonly url: string;
  readonly token?: string;
}

/**
 * `headgate cache purge`: has a running gateway forget kept answers, and prints how many. Throws `UsageError` when it is not
 * said which, or who asks, and an `Error` when the gateway refuses.
 */
export async function purgeCache(flags: PurgeFlags): Promise<void> {
  const { tag = [], entity = [] } = flags;
  if (tag.length + entity.length === 0)
    throw new UsageError('Say what to purge: --tag mobile/dashboard, --entity Product:p7');
  const token = flags.token ?? process.env.HEADGATE_PURGE_TOKEN;
  if (!token)
    throw new UsageError('--token, or HEADGATE_PURGE_TOKEN, must be what bff.purge_token of the gateway says.');
  if (!/^https?:/.test(flags.url) || !URL.canParse(flags.url))
    throw new UsageError(`--url: "${flags.url}" is not an http:// or https:// URL`);
  const target = new URL(flags.url);
  target.pathname = `${target.pathname.replace(/\/$/, '')}/bff/purge`;
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ tags: tag, entities: entity }),
  }).catch((error: Error) => {
    throw new UsageError(unreachable(target, error));
  });
  const answer = (await response.json().catch(() => ({}))) as { purged?: number; detail?: string };
  if (!response.ok || answer.purged === undefined)
    throw new UsageError(refusal(target, response.status, answer.detail));
  console.log(`purged ${answer.purged} answer${answer.purged === 1 ? '' : 's'}`);
}

function unreachable({ origin }: URL, { message, cause }: Error): string {
  const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? message;
  return `no gateway answers at ${origin} (${reason}). Start it, or say with --url where it is.`;
}

function refusal(target: URL, status: number, detail: string | undefined): string {
  const hint = status === 404 ? ' Is bff.purge_token set in its config?' : '';
  return `${target} answers ${status}: ${detail ?? 'no reason given'}${hint}`;
}
