import { ConfigValueError } from '../config/config-value-error.ts';
import type { ListenerTls } from '../config/sections/tls.ts';
import type { Listener } from '../http/listener.ts';
import { isPemText, tlsOptions } from '../http/tls-options.ts';
import { type Watching, watchPath } from '../shared/watch-path.ts';
import type { CountReload } from '../telemetry/instruments.ts';
import { logPathEvents } from '../telemetry/log-path-events.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Reads certificates and keys again. Returns whether the new ones are used. */
export type ReloadCertificates = () => boolean;

export interface CertificateReload extends Watching {
  readonly reload: ReloadCertificates;
}

/** Certificate and key are two files, which change one after the other. In milliseconds. */
const QUIET_MS = 200;

/**
 * Uses new certificates and keys of the port for clients when their files change. Connections stay open; new ones get the new
 * certificate. While the files cannot be used, the last good ones are.
 */
export async function reloadCertificates(
  settings: ListenerTls,
  listener: Pick<Listener, 'useCertificates'>,
  logger: Logger,
  onReload?: CountReload,
): Promise<CertificateReload> {
  const reload = () => {
    try {
      listener.useCertificates(tlsOptions(settings));
      onReload?.('certificates', true);
      logger.info({ setting: 'tls.supergraph' }, 'certificates reloaded: new connections use them');
      return true;
    } catch (error) {
      if (!(error instanceof ConfigValueError)) throw error;
      onReload?.('certificates', false);
      logger.error(
        { setting: 'tls.supergraph', reason: error.message },
        'certificates not reloaded; keeping the last good ones',
      );
      return false;
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const onChange = () => {
    clearTimeout(timer);
    timer = setTimeout(reload, QUIET_MS).unref();
  };
  const files = [settings.certificate, settings.key, settings.client_ca].filter(
    (value): value is string => value !== undefined && !isPemText(value),
  );
  const watching = await Promise.all(
    files.map((path) => watchPath({ path, onChange, onEvent: logPathEvents(logger, path) })),
  );
  return {
    reload,
    async close() {
      clearTimeout(timer);
      for (const one of watching) await one.close();
    },
  };
}
