import type { EndpointConfig, Place } from '../bff/endpoints/config-check.ts';
import type { Config } from '../config/config.ts';
import { placeOfKey } from '../config/config-file.ts';
import { displayPath } from '../config/display-path.ts';
import type { CacheHint } from '../operation/cache-hints.ts';
import { documentLimits } from '../policy/limits/document-limits.ts';
import { readRegularFileSync } from '../shared/read-regular-file.ts';

/**
 * Returns the settings that endpoints are checked against.
 * @param file the config file, so that problems have a location
 */
export function endpointSettings(
  { bff, login, subscription, limits }: Pick<Config, 'bff' | 'login' | 'subscription' | 'limits'>,
  file?: string,
): EndpointConfig {
  const hints = Object.entries(bff.cache.hints).map(([coordinate, said]): [string, CacheHint] => {
    const { max_age, scope, inherit } = said;
    return [coordinate, { maxAgeMs: max_age, scope, inherit }];
  });
  return {
    hints: new Map(hints),
    hasSubscriptions: subscription.enabled,
    limits: documentLimits(limits),
    loginClients: new Set(Object.keys(login ?? {})),
    placeOfHint: file === undefined ? undefined : placeIn(file),
  };
}

function placeIn(file: string): (coordinate: string) => Place {
  return (coordinate) => ({
    file: displayPath(file),
    ...placeOfKey(readRegularFileSync(file), ['bff', 'cache', 'hints', coordinate]),
  });
}
