import * as z from 'zod';
import { timerDuration } from '../duration.ts';

const DEFAULT_PATH = '/subscriptions/callback';

/** Paths of other routes. */
const TAKEN = ['/graphql', '/bff', '/health', '/ready'];

/** `subscription.mode.callback`: Apollo's HTTP callback protocol. The keys are those of Apollo Router. */
export const callbackSection = z
  .strictObject({
    public_url: z
      .string()
      .refine(isCallbackUrl, 'expected a URL with a path, such as "https://gateway.internal/subscriptions/callback"')
      .describe(
        'The URL, with its path, by which subgraphs reach `path` of this gateway. Callbacks go to paths below it',
      ),
    path: z
      .string()
      .regex(/^(?:\/[\w.~-]+)+$/, 'expected a path such as "/subscriptions/callback"')
      .refine(isFree, `expected a path that is not that of another route (${TAKEN.join(', ')})`)
      .default(DEFAULT_PATH)
      .describe('The path of callbacks at the port for clients, behind path_prefix'),
    heartbeat_interval: z
      .union([z.literal('disabled'), timerDuration], 'expected a duration such as "5s", or "disabled"')
      .prefault('5s')
      .describe(
        'How often subgraphs have to check that a subscription is still there. It is lost after twice that time without a callback; disabled: it is never lost',
      ),
    subgraphs: z
      .array(z.string())
      .default([])
      .describe('The subgraphs that send events in callbacks. Default: all that are not in `passthrough.subgraphs`'),
  })
  .optional()
  .describe("Subgraphs send events by requests to this gateway: Apollo's HTTP callback protocol");

function isCallbackUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, search, hash } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && pathname !== '/' && search === '' && hash === '';
}

function isFree(path: string): boolean {
  return !TAKEN.some((other) => path === other || path.startsWith(`${other}/`));
}
