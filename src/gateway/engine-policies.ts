import type { Config } from '../config/config.ts';
import type { EngineOptions } from '../pipeline/engine.ts';
import type { OperationPolicy } from '../pipeline/operation-policy.ts';
import { createAuthorizationPolicy } from '../policy/authorization/authorization-policy.ts';
import { createGrantedPolicies, type DecidePolicies } from '../policy/authorization/granted-policies.ts';
import { createIntrospectionPolicy } from '../policy/authorization/introspection-policy.ts';
import { createDemandPolicy, type DemandObserver } from '../policy/demand/demand-policy.ts';
import { createRequestLimits } from '../policy/limits/request-limits.ts';
import type { RateLimits } from '../policy/rate-limits/rate-limits.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type LoggedRequest, requestFields } from '../telemetry/request-fields.ts';
import { limitObserver } from './observe-limits.ts';
import { loadPolicyModule } from './policy-module.ts';

export type EnginePolicies = Required<Pick<EngineOptions, 'maxTokens' | 'limits' | 'hideSuggestions' | 'policies'>> &
  Pick<EngineOptions, 'onOperation' | 'onRefused'>;

export interface EnginePolicyParts {
  readonly logger: Logger;
  readonly rateLimits: RateLimits;
  readonly instruments?: Instruments | undefined;
  /** Decides policies instead of the module that the config names, which is not loaded then. */
  readonly decide?: DecidePolicies | undefined;
}

/**
 * Creates the engine's policies: checks of operations before they run. Throws an `Error` when a module that the config names cannot
 * be used.
 */
export async function enginePolicies(config: Config, parts: EnginePolicyParts): Promise<EnginePolicies> {
  const { logger, rateLimits, instruments } = parts;
  const observer = instruments && limitObserver(instruments);
  return {
    maxTokens: config.limits.parser_max_tokens,
    limits: createRequestLimits(config.limits, (excesses, document) => {
      logger.warn({ excesses }, 'a document exceeds limits; limits.warn_only lets it pass');
      observer?.onExcess(excesses, document);
    }),
    hideSuggestions: hidesSchemaDetails(config),
    // rate limits come last: an operation that another policy refuses must not count
    policies: [
      ...(await authorization(config.authorization, parts)),
      ...demandControl(config.demand_control, hidesSchemaDetails(config), parts),
      rateLimits.policy,
    ],
    onOperation: observer?.onOperation,
    onRefused: observer?.onRefused,
  };
}

/** Returns whether responses must not reveal or suggest names of the schema. */
export function hidesSchemaDetails({ limits, production }: Pick<Config, 'limits' | 'production'>): boolean {
  return limits.hide_schema_details ?? production;
}

async function authorization(
  settings: Config['authorization'],
  { logger, instruments, decide }: EnginePolicyParts,
): Promise<OperationPolicy[]> {
  const { directives, policies, introspection_scopes } = settings;
  const all: OperationPolicy[] = [];
  if (introspection_scopes) {
    const onRefused = () => instruments?.refused('authorization', 'introspection');
    all.push(createIntrospectionPolicy(introspection_scopes, onRefused));
  }
  if (!directives.enabled) return all;
  const grantedPolicies = createGrantedPolicies({
    claim: policies.claim,
    decide: decide ?? (policies.module === undefined ? undefined : await loadPolicyModule(policies.module)),
    timeoutMs: policies.timeout,
    onFailure: (err, client) =>
      logger.error(
        { ...requestFields(client), err },
        'authorization.policies.module failed; the policies count as not met',
      ),
  });
  const { reject_unauthorized: reject, dry_run: dryRun, errors } = directives;
  const decidesEach = policies.module !== undefined;
  const mode = dryRun ? 'measure' : 'enforce';
  const count = instruments && (() => instruments.refused('authorization', reject ? 'operation' : 'field', mode));
  const log = errors.log
    ? (paths: readonly string[], client: LoggedRequest) =>
        logger.warn({ ...requestFields(client), paths }, 'fields that the client may not read')
    : undefined;
  const onUnauthorized =
    count || log
      ? (paths: readonly string[], client: LoggedRequest) => {
          count?.();
          log?.(paths, client);
        }
      : undefined;
  all.push(
    createAuthorizationPolicy({
      grantedPolicies,
      decidesEach,
      reject,
      dryRun,
      reportIn: errors.response,
      onUnauthorized,
    }),
  );
  return all;
}

function demandControl(
  settings: Config['demand_control'],
  hidesDetails: boolean,
  { logger, instruments }: EnginePolicyParts,
): OperationPolicy[] {
  if (!settings.enabled) return [];
  const observer: DemandObserver = {
    onExceeded: instruments && ((reason) => instruments.refused('demand_control', reason, settings.mode)),
    onTooExpensive: (found, client) =>
      logger.warn({ ...requestFields(client), ...found }, 'an operation costs too much'),
    onEstimated: instruments?.costEstimated,
    onMeasured(cost, client) {
      instruments?.costMeasured(cost.actual);
      logger.debug({ ...requestFields(client), cost }, 'cost of an operation');
    },
  };
  return [createDemandPolicy(settings, observer, hidesDetails)];
}
