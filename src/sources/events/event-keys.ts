import type { EventSourceSettings } from '../../config/sections/events.ts';

/** Returns the key of the addresses of a broker, below `events.NAME`. */
export function addressKey({ nats }: EventSourceSettings): string {
  return nats === undefined ? 'redis.url' : 'nats.servers';
}

/** Returns the key of the credentials for a broker, below `events.NAME`. Without one of their own they are in the URL. */
export function credentialsKey(settings: EventSourceSettings): string {
  const { nats } = settings;
  const key = (['user', 'token', 'nkey_seed', 'credentials_file'] as const).find((one) => nats?.[one] !== undefined);
  return key === undefined ? addressKey(settings) : `nats.${key}`;
}

/** Returns a reason with the key to look at: `stream not found; see events.shop.nats.jetstream.stream`. */
export function reasonWithKey(
  source: string,
  { reason, key }: { readonly reason: string; readonly key?: string | undefined },
): string {
  return key === undefined ? reason : `${reason}; see events.${source}.${key}`;
}
