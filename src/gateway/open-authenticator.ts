import { mayPurge } from '../bff/caching/serve-purge.ts';
import type { Config } from '../config/config.ts';
import type { Admission } from '../policy/authentication/authenticator.ts';
import { configureAdmission } from '../policy/authentication/configure.ts';
import type { SharedFailures } from '../policy/authentication/failed-attempts.ts';
import type { RequestHeaders } from '../policy/headers/request-headers.ts';
import { type Watching, watchPath } from '../shared/watch-path.ts';
import type { SharedRedis } from '../store/redis.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import { logPathEvents } from '../telemetry/log-path-events.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface AdmissionEnvironment {
  readonly logger: Logger;
  readonly instruments?: Instruments | undefined;
  readonly redis: SharedRedis | undefined;
  /** Bad credentials that other processes count as well. */
  readonly sharedFailures?: SharedFailures | undefined;
  /** What subgraphs are sent of what is found out here. */
  readonly rules: RequestHeaders;
}

export interface OpenAdmission {
  readonly admission: Admission | undefined;
  close(): Promise<void>;
}

/** Admission as the config says, with the files that it goes by under watch. Throws what `configureAdmission` throws. */
export async function openAdmission(config: Config, environment: AdmissionEnvironment): Promise<OpenAdmission> {
  const admission = configureAdmission(config, environment);
  if (admission === undefined) return { admission, close: async () => {} };
  const { purge_token: token } = config.bff;
  const { logger } = environment;
  const watching: Watching[] = [];
  const close = async () => {
    admission.close();
    await Promise.all(watching.map((one) => one.close()));
  };
  try {
    for (const { file, reload } of admission.files.map(bound)) {
      const onChange = (exists: boolean) => exists && reloadOrKeep(file, reload, logger);
      watching.push(await watchPath({ path: file, onChange, onEvent: logPathEvents(logger, file) }));
    }
    return { admission: token === undefined ? admission : exceptPurging(admission, token), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The token for purging is none by which clients are known, though it comes in the same header. */
function exceptPurging(admission: Admission, token: string): Admission {
  return {
    ...admission,
    admit(req, requestId, proved) {
      if (mayPurge(req, token)) return { ip: admission.addressOf(req), identity: undefined };
      return admission.admit(req, requestId, proved);
    },
  };
}

function bound(watched: Admission['files'][number]) {
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
