import type { Config } from '../config/config.ts';
import { type Listener, type ListenerOptions, listen } from '../http/listener.ts';
import type { RequestHandler } from '../http/request-handler.ts';
import { tlsOptions } from '../http/tls-options.ts';
import type { Assembly } from './assemble.ts';
import { type ReloadCertificates, reloadCertificates } from './reload-certificates.ts';

type ListenerConfig = Pick<Config, 'supergraph' | 'tls' | 'shutdown'>;

/** The port for clients. */
export interface ClientListener extends Listener {
  /** Reads certificates and keys again, as when their files change. Missing without TLS. */
  readonly reloadCertificates?: ReloadCertificates | undefined;
}

/**
 * Opens the port for clients: `supergraph.listen`, overridden by `other`, with HTTPS when `tls.supergraph` is set; its certificates are
 * read again when their files change. Rejects with `ConfigValueError`.
 */
export async function listenForClients(
  handler: RequestHandler,
  config: ListenerConfig,
  { logger, countReload }: Pick<Assembly, 'logger' | 'countReload'>,
  other: Partial<Omit<ListenerOptions, 'tls'>> = {},
): Promise<ClientListener> {
  const listener = await listen(handler, {
    ...config.supergraph.listen,
    graceMs: config.shutdown.grace,
    ...other,
    tls: clientTls(config),
  });
  const { supergraph: tls } = config.tls;
  if (tls === undefined) return listener;
  const certificates = await reloadCertificates(tls, listener, logger, countReload);
  return {
    ...listener,
    reloadCertificates: certificates.reload,
    async close(stop) {
      await listener.close(stop);
      await certificates.close();
    },
  };
}

/** Throws `ConfigValueError` when `listenForClients` would reject before it opens the port. */
export function checkClientListener(config: ListenerConfig): void {
  clientTls(config);
}

function clientTls({ tls }: ListenerConfig): ListenerOptions['tls'] {
  return tls.supergraph && tlsOptions(tls.supergraph);
}
