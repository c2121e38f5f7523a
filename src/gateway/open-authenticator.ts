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
  /** Bad credentials that other processes count as well. */
  readonly sharedFailures?: SharedFailures | undefined;
  /** What subgraphs are sent of what is found out here. */
  readonly rules: RequestHeaders;
}

export interface OpenAuthenticator {
  readonly authenticator: Authenticator | undefined;
  close(): Promise<void>;
}

/** Admission as the config says, with the files that it goes by under watch. Throws what `configureAuthenticator` throws. */
export async function openAuthenticator(
  config: Config,
  environment: AuthenticatorEnvironment,
): Promise<OpenAuthenticator> {
  const authenticator = configureAuthenticator(config, environment);
  if (authenticator === undefined) return { authenticator, close: async () => {} };
  const { purge_token: token } = config.bff;
  const { logger } = environment;
  const watching: Watching[] = [];
  const close = async () => {
    authenticator.close();
    await Promise.all(watching.map((one) => one.close()));
  };
  try {
    for (const { file, reload } of authenticator.files.map(bound)) {
      const onChange = (exists: boolean) => exists && reloadOrKeep(file, reload, logger);
      watching.push(await watchPath({ path: file, onChange, onEvent: logPathEvents(logger, file) }));
    }
    return { authenticator: token === undefined ? authenticator : exceptPurging(authenticator, token), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The token for purging is none by which clients are known, though it comes in the same header. */
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

function reloadOrKeep(file: string, reload: () => void, logger: Logger): void {
  try {
    reload();
    logger.info({ file }, 'read again');
  } catch (err) {
    logger.error({ file, err }, 'cannot be used as it is now; what it said before goes on');
  }
}
