import type { IncomingMessage } from 'node:http';
import { PURGE_PATH, purgeResponse } from '../bff/caching/serve-purge.ts';
import type { Config } from '../config/config.ts';
import { adminListen } from '../config/sections/admin.ts';
import { prometheusSettings } from '../config/sections/metrics.ts';
import { hasInvalidationApi } from '../config/sections/response-cache.ts';
import { type ListenerHost, listen } from '../http/listener.ts';
import { checkHeaderLines } from '../http/middleware/header-lines.ts';
import { type ProblemDetails, problemResponse } from '../http/problem.ts';
import type { HttpResponse } from '../http/response.ts';
import { writeResponse } from '../http/write-response.ts';
import { peerAddress } from '../policy/client-address.ts';
import { compileAddressList } from '../policy/requests/address-filter.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { pathOf } from '../shared/url-path.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Snapshot } from '../telemetry/metrics.ts';
import { metricsFormat } from '../telemetry/metrics-format.ts';
import { CONTENT_TYPES, metricsText, type TextFormat } from '../telemetry/prometheus.ts';
import { createAdminApi } from './admin-api.ts';
import type { AdminCommand, AdminReplies } from './admin-commands.ts';
import { createTokenGuard } from './admin-token.ts';
import { createInvalidationApi } from './invalidation-api.ts';

/** The functions behind the routes of the admin listener. */
export interface AdminActions {
  /** Sends a command of the admin API to all processes. */
  send(command: AdminCommand): Promise<AdminReplies>;
  /** Returns the metrics of all processes. */
  metrics(): Promise<Snapshot>;
  /** Purges cached responses of endpoints in all processes. Resolves with their number. */
  purge(tags: readonly string[]): Promise<number>;
}

export interface AdminListener {
  /** `http://HOST:PORT/metrics`; `undefined` if metrics are off. */
  readonly metricsUrl: string | undefined;
  /** `http://HOST:PORT/admin`; `undefined` without `admin.token`. */
  readonly apiUrl: string | undefined;
  /** `http://HOST:PORT/invalidation`; `undefined` without `response_cache.invalidation.shared_key`. */
  readonly invalidationUrl: string | undefined;
  close(): Promise<void>;
}

const GRACE_MS = 2_000;
const DEFAULT_ATTEMPTS = { limit: 20, window: 60_000 };

/**
 * Opens the port for operators, which is separate from the port for clients. Returns `undefined` when it is disabled. Rejects with
 * an `Error` that says what to do when the port cannot be opened.
 */
export async function openAdmin(
  config: Config,
  actions: AdminActions,
  logger: Logger,
): Promise<AdminListener | undefined> {
  const where = adminListen(config);
  if (where === undefined) return undefined;
  const { origin, close } = await listen(createAdminHandler(config, actions, logger), {
    ...where.address,
    portSetting: where.setting,
    graceMs: GRACE_MS,
    lingerMs: 0,
  });
  const { enabled, path } = prometheusSettings(config);
  return {
    metricsUrl: enabled ? `${origin}${path}` : undefined,
    apiUrl: config.admin.token === undefined ? undefined : `${origin}/admin`,
    invalidationUrl: hasInvalidationApi(config.response_cache)
      ? `${origin}${config.response_cache.invalidation.path}`
      : undefined,
    close,
  };
}

function createAdminHandler(config: Config, actions: AdminActions, logger: Logger): ListenerHost {
  const { path: metricsPath, enabled: hasMetrics } = prometheusSettings(config);
  const { limit, window: windowMs } = config.authentication.failed_attempts ?? DEFAULT_ATTEMPTS;
  const guard = createTokenGuard({ token: config.admin.token, limit, windowMs, logger });
  const serveApi = createAdminApi({ guard, send: actions.send, logger });
  const invalidation = createInvalidationApi({ settings: config.response_cache, guard, send: actions.send });
  const { purge_token: token } = config.bff;
  const isAllowed = compileAddressList(config.ip_lists.admin);

  function replyTo(req: IncomingMessage, path: string): HttpResponse | Promise<HttpResponse> {
    if (isAllowed && !isAllowed(peerAddress(req.socket))) {
      return problemResponse(
        { status: 403, kind: 'forbidden', detail: 'Requests from this address are not allowed.' },
        path,
      );
    }
    if (path === PURGE_PATH && token !== undefined) return purge(req, path, token);
    const fromApi = invalidation?.(req, path) ?? serveApi(req, path);
    if (fromApi) return fromApi;
    if (path !== metricsPath || !hasMetrics) {
      const there = hasMetrics
        ? `Metrics are at ${metricsPath}.`
        : 'Metrics are off: see telemetry.exporters.metrics.prometheus.enabled.';
      const detail = `There is nothing at ${path}. ${there} The admin API is below /admin/: see docs/admin.md.`;
      return problemResponse({ status: 404, kind: 'not-found', detail }, path);
    }
    if (req.method === 'GET' || req.method === 'HEAD') {
      return actions.metrics().then((snapshot) => metricsReply(snapshot, metricsFormat(req.headers.accept)));
    }
    const detail = `${path} supports GET only.`;
    return problemResponse({ status: 405, kind: 'method-not-allowed', detail, headers: { allow: 'GET, HEAD' } }, path);
  }

  async function purge(req: IncomingMessage, path: string, purgeToken: string): Promise<HttpResponse> {
    const throttled = guard.throttle(req);
    if (throttled) return problemResponse(throttled, path);
    const response = await purgeResponse({ req, path }, purgeToken, actions.purge);
    if (response.status === 401) guard.recordFailure(req);
    return response;
  }

  return {
    handle(req, res) {
      const path = pathOf(req.url ?? '/');
      const send = (response: HttpResponse) => writeResponse(res, response, ALWAYS);
      const failed = (err: unknown) => {
        if (!(err instanceof GatewayError || res.destroyed))
          logger.error({ path, err }, 'a request to the admin listener failed');
        send(problemResponse(problemOf(err), path));
      };
      Promise.resolve()
        .then(() => checkHeaderLines(req))
        .then(() => replyTo(req, path))
        .then(send, failed);
    },
    drain() {},
  };
}

function problemOf(error: unknown): ProblemDetails {
  if (error instanceof GatewayError) return { status: error.status, kind: 'bad-request', detail: error.message };
  return { status: 500, kind: 'failed', detail: 'Internal error. See the log.' };
}

const ALWAYS = { 'x-content-type-options': 'nosniff' };

function metricsReply(snapshot: Snapshot, format: TextFormat): HttpResponse {
  const headers = { 'content-type': CONTENT_TYPES[format], 'cache-control': 'no-store', vary: 'accept' };
  return { status: 200, headers, body: metricsText(snapshot, format) };
}

/** Returns the lines that name the URLs of the admin listener. */
export function adminUrls({ metricsUrl, apiUrl, invalidationUrl }: Partial<AdminListener> = {}): string {
  const line = (what: string, url: string | undefined) => (url === undefined ? '' : `Headgate ${what} at ${url}\n`);
  return `${line('metrics', metricsUrl)}${line('admin API', apiUrl)}${line('invalidation API', invalidationUrl)}`;
}
