import { pathOf } from '../shared/url-path.ts';
import { type AccessLogSettings, accessFields } from '../telemetry/access-line.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { RequestContext } from './request-context.ts';

const NO_CLIENT_HEADERS: AccessLogSettings = { client_name_headers: [], client_version_headers: [] };

/**
 * Logs one line for each request: at level `error` for 5xx responses, at `warn` for requests that are cut off when the gateway
 * stops, at `debug` for others. That a gateway that stops is not ready is no error; and what is refused under overload is logged elsewhere,
 * all together.
 */
export function logAccess(logger: Logger, context: RequestContext, settings = NO_CLIENT_HEADERS): void {
  const { req, res, requestId, startedAt, outcome } = context;
  const isError = res.statusCode >= 500 && outcome !== 'draining' && !context.isOverload;
  const level = outcome === 'cut_off' ? 'warn' : isError ? 'error' : 'debug';
  if (!logger.isEnabled(level)) return;
  const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
  const details = accessFields(context, req.headers, settings);
  const request = { requestId, method: req.method, path: pathOf(req.url), status: res.statusCode, durationMs };
  if (res.writableFinished) logger[level]({ ...request, ...details }, 'request');
  else if (outcome === 'cut_off') logger.warn({ ...request, ...details, status: undefined }, 'request cut off');
  else logger.debug({ ...request, ...details, status: undefined }, 'request closed by the client');
}
