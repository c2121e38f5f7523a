import { ConfigValueError } from '../config/config-value-error.ts';
import type { SubgraphTls } from '../config/sections/tls.ts';
import { type CurrentTls, type OnUnusable, PemFiles, TlsFiles, type TlsSources } from '../sources/http/subgraph-tls.ts';
import type { CountReload } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';

/**
 * The certificates of the connections that the gateway opens, to subgraphs, event brokers and collectors of telemetry. Those of one key
 * are read once.
 */
export class ConnectionCertificates {
  readonly #files = new Map<string, PemFiles>();
  readonly #logger: Pick<Logger, 'info' | 'error'>;
  readonly #onReload: CountReload | undefined;

  constructor(logger: Pick<Logger, 'info' | 'error'>, onReload?: CountReload) {
    this.#logger = logger;
    this.#onReload = onReload;
  }

  /**
   * Returns the certificates of a key of the config, such as `tls.subgraph.all`.
   * @throws ConfigValueError when they cannot be used, and were never used before
   */
  open(key: string, settings: SubgraphTls): CurrentTls {
    return this.#open(key, (onUnusable) => new TlsFiles(key, settings, onUnusable));
  }

  /**
   * Returns the certificates of several sources.
   * @param names names them all, for messages
   * @throws ConfigValueError when they cannot be used, and were never used before
   */
  openSources(names: string, sources: TlsSources): CurrentTls {
    return this.#open(names, (onUnusable) => new PemFiles(names, sources, onUnusable));
  }

  /** Reads all of them again. New connections use them; those that are open stay. */
  readonly reload = (): void => {
    for (const [key, files] of this.#files) {
      try {
        files.reload();
        this.#onReload?.('certificates', true);
        this.#logger.info({ setting: key }, 'certificates reloaded: new connections use them');
      } catch (error) {
        if (!(error instanceof ConfigValueError)) throw error;
        this.#failed(key, error);
      }
    }
  };

  #open(key: string, read: (onUnusable: OnUnusable) => PemFiles): CurrentTls {
    const known = this.#files.get(key);
    if (known) return known.current;
    const files = read((error) => this.#failed(key, error));
    this.#files.set(key, files);
    return files.current;
  }

  #failed(setting: string, error: ConfigValueError): void {
    this.#onReload?.('certificates', false);
    this.#logger.error({ setting, reason: error.message }, 'certificates not reloaded; keeping the last good ones');
  }
}
