import type { Handler } from '../http/middleware/middleware.ts';
import { type RequestContext, sendResponse } from '../http/request-context.ts';
import type { HttpResponse } from '../http/response.ts';
import type { OperationRunnerOptions } from '../pipeline/run-operation.ts';
import type { GraphqlService, GraphqlServiceOptions } from './graphql-service.ts';
import type { ResponseCache } from './response-cache.ts';

export interface CachedHandlerOptions
  extends Pick<OperationRunnerOptions<RequestContext>, 'countRequest'>,
    Pick<GraphqlServiceOptions, 'countUse'> {
  readonly cache: Pick<ResponseCache, 'find'>;
  readonly service: Pick<GraphqlService, 'send' | 'refuse'>;
  /** Executes a request whose response is not cached. */
  readonly execute: (context: RequestContext) => Promise<void>;
}

/** Returns a handler that serves responses from the cache, which count against the limits of requests. It executes other requests. */
export function cachedHandler(options: CachedHandlerOptions): Handler {
  const { cache, service, execute, countRequest, countUse } = options;
  const refuse = (context: RequestContext, error: unknown) => sendResponse(context, service.refuse(context, error));

  function send(context: RequestContext, response: HttpResponse): void {
    if (countUse && context.operation) countUse(context.operation, context.requestHeaders);
    service.send(context, response)?.catch((error: unknown) => refuse(context, error));
  }

  function serve(context: RequestContext, response: HttpResponse | undefined): void {
    if (response === undefined) {
      // a request on the fast path has not passed the router, which sets it for responses of Yoga
      context.res.setHeader('x-request-id', context.requestId);
      return void execute(context);
    }
    const counted = countRequest?.(context);
    if (counted) counted.then(() => send(context, response)).catch((error: unknown) => refuse(context, error));
    else send(context, response);
  }

  return (context) => {
    try {
      const found = cache.find(context);
      if (!(found instanceof Promise)) serve(context, found);
      else found.then((response) => serve(context, response)).catch((error: unknown) => refuse(context, error));
    } catch (error) {
      refuse(context, error);
    }
  };
}
