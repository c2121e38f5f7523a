import type { Config } from '../config/config.ts';
import { ConfigValueError } from '../config/config-value-error.ts';
import { AdaptiveLimit } from '../policy/admission/adaptive-limit.ts';
import { type AdmissionControl, createAdmission } from '../policy/admission/admission.ts';
import { watchLoopDelay } from '../policy/admission/loop-delay.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import { oncePerMinute } from './once-per-minute.ts';

const KEY = 'traffic_shaping.router.adaptive_concurrency';

type Parts = Pick<Config, 'traffic_shaping' | 'authentication' | 'introspection_endpoints' | 'api_keys' | 'login'>;

export interface OpenAdmission {
  readonly admission: AdmissionControl;
  /** Stops measuring the event loop. */
  close(): Promise<void>;
}

/**
 * Opens the admission of requests that the config describes; `undefined` where it is off. Throws `ConfigValueError` as
 * {@link checkPriority} does.
 */
export function openAdmission(
  config: Parts,
  logger: Pick<Logger, 'warn'>,
  instruments: Pick<Instruments, 'refused' | 'watchAdmission'> | undefined,
): OpenAdmission | undefined {
  const settings = config.traffic_shaping.router.adaptive_concurrency;
  if (!settings?.enabled) return undefined;
  checkPriority(config);
  const { min, max, target_delay: targetDelayMs, priority } = settings;
  const limit = new AdaptiveLimit({ min, max, targetDelayMs, priorityShare: priority.share }, performance.now());
  const warn = oncePerMinute((count) =>
    logger.warn(
      { count, limit: limit.limit, running: limit.running, setting: KEY },
      'overloaded; requests are refused: run more processes, or send fewer requests',
    ),
  );
  instruments?.watchAdmission({ limit: () => limit.limit, running: () => limit.running });
  const stop = watchLoopDelay((delayMs, now) => limit.observe(delayMs, now));
  const admission = createAdmission({
    limit,
    priority,
    onRefused() {
      instruments?.refused('traffic_shaping', 'adaptive_concurrency');
      warn();
    },
  });
  return { admission, close: async () => stop() };
}

/** Checks that clients with priority can be recognised. Throws `ConfigValueError` where nothing identifies them. */
export function checkPriority(config: Parts): void {
  const settings = config.traffic_shaping.router.adaptive_concurrency;
  if (!settings?.enabled) return;
  const { clients, plans, scopes } = settings.priority;
  const hasKeys = config.api_keys !== undefined;
  const tokens = config.authentication.router.jwt.jwks.length + config.introspection_endpoints.length;
  const hasCredentials = hasKeys || tokens > 0 || Object.keys(config.login).length > 0;
  const fail = (key: string, expected: string) => {
    throw new ConfigValueError(`${KEY}.priority.${key}: no client can have priority by it without ${expected}.`);
  };
  if (clients.length > 0 && !hasCredentials) fail('clients', 'api_keys, authentication or introspection_endpoints');
  if (scopes.length > 0 && !hasCredentials) fail('scopes', 'api_keys, authentication or introspection_endpoints');
  if (plans.length > 0 && !hasKeys) fail('plans', 'api_keys');
}
