import { mayPurge } from '../bff/caching/serve-purge.ts';
import type { Config } from '../config/config.ts';
import type { Authenticator } from '../policy/authentication/authenticator.ts';
import { configureAuthenticator } from '../policy/authentication/configure.ts';
import type { SharedFailures } from '../policy/authentication/failed-attempts.ts';
import type { RequestHeaders } from '../policy/headers/request-headers.ts';
import { type Watching, watchPath } from '../shared/watch-path.ts';
import type { SharedRedis } from '../store/redis.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import { logPathEvents } from '../telemetry/log-path-events.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface AuthenticatorEnvironment {
  readonly logger: Logger;
  readonly instruments?: Instruments | undefined;
  readonly redis: SharedRedis | undefined;
  /** Counts of bad credentials that all processes share. */
  readonly sharedFailures?: SharedFailures | undefined;
  /** Called when a file of keys was read again. */
  readonly onReloaded?: (() => void) | undefined;
  /** The header rules, which may send the client's identity to subgraphs. */
  readonly rules: RequestHeaders;
}

export interface OpenAuthenticator {
  readonly authenticator: Authenticator | undefined;
  /** Reads the files of keys again. Keeps the previous version of one that cannot be used. */
  reload(): void;
  close(): Promise<void>;
}

/** Creates the authenticator that the config describes, and watches its files. Throws what `configureAuthenticator` throws. */
export async function openAuthenticator(
  config: Config,
  environment: AuthenticatorEnvironment,
): Promise<OpenAuthenticator> {
  const authenticator = configureAuthenticator(config, environment);
  if (authenticator === undefined) return { authenticator, reload() {}, close: async () => {} };
  const { purge_token: token } = config.bff;
  const { logger } = environment;
  const watching: Watching[] = [];
  const close = async () => {
    authenticator.close();
    await Promise.all(watching.map((one) => one.close()));
  };
  try {
    const files = authenticator.files.map(bound);
    for (const { file, reload } of files) {
      const onChange = (exists: boolean) => exists && reloadOrKeep(file, reload, environment);
      watching.push(await watchPath({ path: file, onChange, onEvent: logPathEvents(logger, file) }));
    }
    return {
      authenticator: token === undefined ? authenticator : exceptPurging(authenticator, token),
      reload() {
        for (const { file, reload } of files) reloadOrKeep(file, reload, environment);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Wraps an authenticator so that it ignores the purge token, which uses the same header and identifies no client. */
function exceptPurging(authenticator: Authenticator, token: string): Authenticator {
  return {
    ...authenticator,
    authenticate(req, requestId, proved) {
      if (mayPurge(req, token)) return { ip: authenticator.addressOf(req), identity: undefined };
      return authenticator.authenticate(req, requestId, proved);
    },
  };
}

function bound(watched: Authenticator['files'][number]) {
  return { file: watched.file, reload: () => watched.reload() };
}

function reloadOrKeep(
  file: string,
  reload: () => void,
  { logger, instruments, onReloaded }: Pick<AuthenticatorEnvironment, 'logger' | 'instruments' | 'onReloaded'>,
): void {
  try {
    reload();
    instruments?.reloaded('keys', true);
    logger.info({ file }, 'reloaded');
    onReloaded?.();
  } catch (err) {
    instruments?.reloaded('keys', false);
    logger.error({ file, err }, 'cannot be reloaded; keeping the previous version');
  }
}
