import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ClientResponse, ClientWrites } from './client-writes.ts';
import type { MalformedRequest } from './malformed-requests.ts';
import type { Handler } from './middleware/middleware.ts';
import { removePathPrefix } from './path-prefix.ts';
import { ActiveRequests, RequestContext } from './request-context.ts';

/** The handler of all requests of a `node:http` listener. */
export interface RequestHandler {
  handle(req: IncomingMessage, res: ServerResponse): void;
  /** Closes each connection after its current response from now on, and sets `isDraining`. */
  drain(): void;
  /** Marks the requests in flight as cut off: the listener closes their connections after this. */
  cutOff(): void;
  readonly isDraining: boolean;
  /** How many requests have no whole response yet. */
  readonly activeCount: number;
  /** Called for bytes that are no HTTP request, after the response to them. */
  readonly onMalformed?: ((request: MalformedRequest) => void) | undefined;
  /** Takes over the connections of some requests. Without it, a request for an upgrade is served as any other. */
  readonly upgrades?: Upgrades | undefined;
}

export interface Upgrades {
  /** How many connections are open. */
  readonly size: number;
  /** Returns whether a request, of which only the head is there, is an upgrade. */
  accepts(req: IncomingMessage): boolean;
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface RequestHandlerOptions {
  /** The middleware and the router. */
  readonly handler: Handler;
  /** Sends the response for an error that the handler threw. */
  readonly fail: (context: RequestContext, error: unknown) => void;
  /** Called for each request before it is handled. */
  readonly onBegin?: ((context: RequestContext) => void) | undefined;
  /** Called once for each request, when its response has been sent or its client has disconnected. */
  readonly onEnd: (context: RequestContext) => void;
  /** See {@link RequestHandler.onMalformed}. */
  readonly onMalformed?: RequestHandler['onMalformed'];
  /** The path prefix of the gateway behind a proxy: `/shop-api`. */
  readonly pathPrefix?: string | undefined;
  /** Called with the number of requests that are cut off, if there are any. */
  readonly onCutOff?: (requests: number) => void;
  readonly upgrades?: Upgrades | undefined;
  /** Called when the listener closes what is left. */
  readonly onCutOffAll?: (() => void) | undefined;
  /** Called when the gateway begins to stop. */
  readonly onDrain?: (() => void) | undefined;
  /** Writes responses within limits. */
  readonly clientWrites?: ClientWrites | undefined;
}

export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { handler, fail, onBegin, onEnd, pathPrefix, onCutOff, onDrain, clientWrites } = options;
  const active = new ActiveRequests();
  let isDraining = false;
  return {
    onMalformed: options.onMalformed,
    get activeCount() {
      return active.list.length;
    },
    get isDraining() {
      return isDraining;
    },
    handle(req, res: ClientResponse) {
      res.clientWrites = clientWrites;
      const context = new RequestContext(req, res);
      if (pathPrefix !== undefined) removePathPrefix(req, pathPrefix);
      if (isDraining) res.shouldKeepAlive = false;
      active.add(context);
      onBegin?.(context);
      // emitted once
      res.on('close', () => {
        active.delete(context);
        if (!res.writableFinished) context.onAbort?.();
        onEnd(context);
        context.endTrace?.(context);
      });
      try {
        handler(context);
      } catch (error) {
        fail(context, error);
      }
    },
    drain() {
      isDraining = true;
      for (const { res } of active.list) if (!res.headersSent) res.shouldKeepAlive = false;
      onDrain?.();
    },
    upgrades: options.upgrades,
    cutOff() {
      options.onCutOffAll?.();
      for (const context of active.list) context.outcome = 'cut_off';
      if (active.list.length > 0) onCutOff?.(active.list.length);
    },
  };
}
