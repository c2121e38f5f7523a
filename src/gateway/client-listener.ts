import type { Config } from '../config/config.ts';
import { type Listener, type ListenerOptions, listen } from '../http/listener.ts';
import type { RequestHandler } from '../http/request-handler.ts';
import { tlsOptions } from '../http/tls-options.ts';

type ListenerConfig = Pick<Config, 'supergraph' | 'tls' | 'shutdown'>;

/**
 * Opens the port for clients: `supergraph.listen`, overridden by `other`, with HTTPS when `tls.supergraph` is set. Rejects with
 * `ConfigValueError`.
 */
export async function listenForClients(
  handler: RequestHandler,
  config: ListenerConfig,
  other: Partial<Omit<ListenerOptions, 'tls'>> = {},
): Promise<Listener> {
  return listen(handler, {
    ...config.supergraph.listen,
    graceMs: config.shutdown.grace,
    ...other,
    tls: clientTls(config),
  });
}

/** Throws `ConfigValueError` when `listenForClients` would reject before it opens the port. */
export function checkClientListener(config: ListenerConfig): void {
  clientTls(config);
}

function clientTls({ tls }: ListenerConfig): ListenerOptions['tls'] {
  return tls.supergraph && tlsOptions(tls.supergraph);
}
