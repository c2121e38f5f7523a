import type { Config } from '../config/config.ts';
import type { EngineOptions } from '../engine/engine.ts';
import { createRequestLimits } from '../policy/limits/request-limits.ts';
import type { RateLimits } from '../policy/rate-limits/rate-limits.ts';
import type { Logger } from '../telemetry/logger.ts';

/** What the config asks of operations before they run, as the engine takes it. */
export function enginePolicies(
  config: Config,
  logger: Logger,
  rateLimits: RateLimits,
): Pick<EngineOptions, 'maxTokens' | 'limits' | 'hideSuggestions' | 'policies'> {
  return {
    maxTokens: config.limits.parser_max_tokens,
    limits: createRequestLimits(config.limits, (excesses) =>
      logger.warn({ excesses }, 'a document exceeds limits; limits.warn_only lets it pass'),
    ),
    policies: [rateLimits.policy],
    hideSuggestions: config.limits.hide_schema_details ?? config.production,
  };
}
