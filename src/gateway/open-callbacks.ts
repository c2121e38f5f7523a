import type { Config } from '../config/config.ts';
import { Callbacks } from '../sources/callback/callbacks.ts';
import type { Messages } from '../store/messages.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { CallbackSettings } from './callback-route.ts';

/**
 * Opens what takes the callbacks of subgraphs; `undefined` where none send any.
 * @param messages reaches the other processes that serve beside this one; it is not called where there are none
 */
export async function openCallbacks(
  { subscription }: Pick<Config, 'subscription'>,
  messages: (() => Promise<Messages>) | undefined,
  instruments: Pick<Instruments, 'ofCallbacks'> | undefined,
): Promise<CallbackSettings | undefined> {
  const section = subscription.enabled ? subscription.mode.callback : undefined;
  if (section === undefined) return undefined;
  const { public_url: publicUrl, path, heartbeat_interval: interval } = section;
  const heartbeatMs = interval === 'disabled' ? 0 : interval;
  const of = instruments?.ofCallbacks();
  const callbacks = new Callbacks({ publicUrl, heartbeatMs, messages: await messages?.(), onMissed: of?.missed });
  of?.watchOpen(() => callbacks.size);
  return { path, callbacks, counts: of };
}
