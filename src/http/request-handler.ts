import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Handler } from './middleware/middleware.ts';
import { takeOffPrefix } from './path-prefix.ts';
import { ActiveRequests, RequestContext } from './request-context.ts';

/** Answers all requests of a listener of `node:http`. */
export interface RequestHandler {
  handle(req: IncomingMessage, res: ServerResponse): void;
  /** From now on each connection is closed with the response that is under way on it, and `isDraining` is true. */
  drain(): void;
  readonly isDraining: boolean;
}

export interface RequestHandlerOptions {
  /** The middleware and the router. */
  readonly handler: Handler;
  /** Answers a request for which something threw. */
  readonly fail: (context: RequestContext, error: unknown) => void;
  /** Called once for each request, when its response has been sent or its client has left. */
  readonly onEnd: (context: RequestContext) => void;
  /** Where a proxy shows the gateway: `/shop-api`. */
  readonly pathPrefix?: string | undefined;
}

export function createRequestHandler({ handler, fail, onEnd, pathPrefix }: RequestHandlerOptions): RequestHandler {
  const active = new ActiveRequests();
  let isDraining = false;
  return {
    get isDraining() {
      return isDraining;
    },
    handle(req, res) {
      const context = new RequestContext(req, res);
      if (pathPrefix !== undefined) takeOffPrefix(req, pathPrefix);
      if (isDraining) res.shouldKeepAlive = false;
      active.add(context);
      // it comes once
      res.on('close', () => {
        active.delete(context);
        if (!res.writableFinished) context.onAbort?.();
        onEnd(context);
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
    },
  };
}
