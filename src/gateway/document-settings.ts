import type { DocumentSettings } from '../bff/openapi/document-settings.ts';
import type { Config } from '../config/config.ts';
import { cookieName } from '../policy/login/cookies.ts';

/** Returns the settings of OpenAPI documents that do not come from endpoints. */
export function documentSettings({
  bff,
  api_keys,
  login,
}: Pick<Config, 'bff' | 'api_keys' | 'login'>): DocumentSettings {
  const { security_schemes: securitySchemes, ...about } = bff.openapi;
  const sessions = Object.entries(login ?? {}).map(([client, { public_url }]): [string, string] => {
    return [client, cookieName(client, public_url?.startsWith('https:') ?? false)];
  });
  return { ...about, securitySchemes, apiKeyHeader: api_keys?.header_name, sessionCookies: new Map(sessions) };
}
