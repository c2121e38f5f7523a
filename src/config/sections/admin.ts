import * as z from 'zod';
import { type ListenAddress, listenAddress } from '../listen.ts';
import { type MetricsConfig, prometheusSettings } from './metrics.ts';
import { hasInvalidationApi, type ResponseCacheSettings } from './response-cache.ts';

export const adminSection = z
  .strictObject({
    listen: listenAddress
      .optional()
      .describe(
        'HOST:PORT of the admin listener: metrics, purging, the admin API. Not for clients; port 0 takes any free port. `telemetry.exporters.metrics.prometheus.listen` is another name for it. Default: 127.0.0.1:9090, if metrics are enabled, or `admin.token` or `response_cache.invalidation.shared_key` is set',
      ),
    token: z
      .string()
      .regex(/^[\x21-\x7e]*$/, 'expected printable ASCII characters without spaces')
      .min(16, 'expected at least 16 characters')
      .optional()
      .describe('The token that allows the admin API. Without it, the admin API answers 403. See docs/admin.md'),
  })
  .describe('The listener for operators');

export type AdminSection = z.output<typeof adminSection>;

const DEFAULT_ADDRESS: ListenAddress = { host: '127.0.0.1', port: 9090 };

/** The part of the config that says whether and where the admin listener is. */
interface AdminConfig extends MetricsConfig {
  readonly admin: AdminSection;
  readonly response_cache: ResponseCacheSettings;
}

/** Returns where the admin listener is, with the name of the setting that says so; `undefined` if it is off. */
export function adminListen(
  config: AdminConfig,
): { readonly address: ListenAddress; readonly setting: string } | undefined {
  const { admin, response_cache } = config;
  const { enabled, listen, key } = prometheusSettings(config);
  const hasKey = admin.token !== undefined || hasInvalidationApi(response_cache);
  if (!enabled && admin.listen === undefined && !hasKey) return undefined;
  if (admin.listen !== undefined) return { address: admin.listen, setting: 'admin.listen' };
  const setting = enabled ? `${key}.listen` : 'admin.listen';
  return { address: listen ?? DEFAULT_ADDRESS, setting };
}
