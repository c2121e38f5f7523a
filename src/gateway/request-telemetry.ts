import type { Config } from '../config/config.ts';
import { DEBUG_TOKEN_HEADER } from '../http/middleware/debug-trace.ts';
import { debugAccess } from '../policy/debug/debug-access.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { GatewayHandlerOptions } from './gateway-handler.ts';

/** Returns the settings of what is logged and reported about each request. */
export function requestTelemetry(
  config: Config,
  dev: boolean,
  logger: Logger,
): Pick<GatewayHandlerOptions, 'accessLog' | 'clientAwareness' | 'debugAccess' | 'hasServerTiming'> {
  const { access_log: settings, client_awareness: clientAwareness, logging } = config.telemetry;
  return {
    accessLog: {
      logger,
      settings,
      clientNames: clientAwareness,
      level: dev || config.production ? 'info' : 'debug',
      isForPeople: dev && logging.format !== 'json',
      secretHeaders: credentialHeaders(config),
    },
    clientAwareness,
    debugAccess: debugAccess(config.debug, dev),
    hasServerTiming: dev,
  };
}

/** Returns the headers in which the config expects credentials. */
function credentialHeaders({ api_keys, authentication }: Config): string[] {
  const { header_name, sources } = authentication.router.jwt;
  const others = sources.flatMap((source) => (source.type === 'header' ? [source.name] : []));
  return [DEBUG_TOKEN_HEADER, header_name, ...others, ...(api_keys ? [api_keys.header_name] : [])];
}
