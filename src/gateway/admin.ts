import type { IncomingMessage } from 'node:http';
import { PURGE_PATH, purgeResponse } from '../bff/caching/serve-purge.ts';
import type { Config } from '../config/config.ts';
import { type ListenerHost, listen } from '../http/listener.ts';
import { checkHeaderLines } from '../http/middleware/header-lines.ts';
import { type ProblemDetails, problemResponse } from '../http/problem.ts';
import type { HttpResponse } from '../http/response.ts';
import { writeResponse } from '../http/write-response.ts';
import { peerAddress } from '../policy/client-address.ts';
import { compileAddressList } from '../policy/requests/address-filter.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { pathOf } from '../shared/url-path.ts';

/** The functions behind the routes of the admin listener. */
export interface AdminActions {
  /** Returns metrics in the text format of Prometheus. */
  metrics(): Promise<string>;
  /** Purges cached responses of endpoints in all processes. Resolves with their number. */
  purge(tags: readonly string[]): Promise<number>;
}

export interface AdminListener {
  /** `http://HOST:PORT/metrics` */
  readonly metricsUrl: string;
  close(): Promise<void>;
}

const GRACE_MS = 2_000;

/**
 * Opens the port for operators, which is separate from the port for clients. Returns `undefined` when it is disabled. Rejects with
 * an `Error` that says what to do when the port cannot be opened.
 */
export async function openAdmin(config: Config, actions: AdminActions): Promise<AdminListener | undefined> {
  const { enabled, listen: address, path } = config.telemetry.metrics.prometheus;
  if (!enabled) return undefined;
  const portSetting = 'telemetry.metrics.prometheus.listen';
  const { origin, close } = await listen(createAdminHandler(config, actions), {
    ...address,
    portSetting,
    graceMs: GRACE_MS,
    lingerMs: 0,
  });
  return { metricsUrl: `${origin}${path}`, close };
}

function createAdminHandler(config: Config, actions: AdminActions): ListenerHost {
  const { path: metricsPath } = config.telemetry.metrics.prometheus;
  const { purge_token: token } = config.bff;
  const isAllowed = compileAddressList(config.ip_lists.admin);

  function replyTo(req: IncomingMessage, path: string): HttpResponse | Promise<HttpResponse> {
    if (isAllowed && !isAllowed(peerAddress(req.socket))) {
      return problemResponse(
        { status: 403, kind: 'forbidden', detail: 'Requests from this address are not allowed.' },
        path,
      );
    }
    if (path === PURGE_PATH && token !== undefined) return purgeResponse({ req, path }, token, actions.purge);
    if (path !== metricsPath) {
      const detail = `There is nothing at ${path}. Metrics are at ${metricsPath}.`;
      return problemResponse({ status: 404, kind: 'not-found', detail }, path);
    }
    if (req.method === 'GET' || req.method === 'HEAD') return actions.metrics().then(metricsReply);
    const detail = `${path} supports GET only.`;
    return problemResponse({ status: 405, kind: 'method-not-allowed', detail, headers: { allow: 'GET, HEAD' } }, path);
  }

  return {
    handle(req, res) {
      const path = pathOf(req.url ?? '/');
      const send = (response: HttpResponse) => writeResponse(res, response, ALWAYS);
      const failed = (error: unknown) => send(problemResponse(problemOf(error), path));
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

function metricsReply(text: string): HttpResponse {
  const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' };
  return { status: 200, headers, body: text };
}
