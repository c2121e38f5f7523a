import { type RequestContext, sendResponse } from '../http/request-context.ts';
import type { HostOptions } from '../http/router.ts';
import { createOperationRunner } from '../pipeline/run-operation.ts';
import { createResponseSender } from './compressed-response.ts';
import { isFastPathRequest, serveFast } from './fast-path.ts';
import { createGraphqlService, type GraphqlServiceOptions } from './graphql-service.ts';
import { createRequestReader } from './request-reader.ts';

/** GraphQL at one path: over the whole public schema, or over that of a contract. */
export interface GraphqlRoute {
  /** Answers a plain JSON `POST` to this path; false for any other request. */
  serveFast(context: RequestContext): boolean;
  /** Answers any `GET` or `POST`. */
  serve(context: RequestContext): void;
}

type GraphqlRouteOptions = HostOptions & Pick<GraphqlServiceOptions, 'onRefusal'>;

export function createGraphqlRoute(options: GraphqlRouteOptions, path: string, contract?: string): GraphqlRoute {
  const { logger, onRefusal } = options;
  const service = createGraphqlService({
    runner: createOperationRunner({ ...options, contract }),
    reader: createRequestReader(options),
    sender: createResponseSender(options.compressFrom),
    logger,
    cacheHeaders: options.cacheHeaders,
    onRefusal,
  });
  let yogaHandler: Promise<(context: RequestContext) => Promise<void>> | undefined;
  /** Yoga is loaded by the first request that needs it: many gateways never see one, and all start sooner. */
  async function serveWithYoga(context: RequestContext): Promise<void> {
    yogaHandler ??= import('./yoga.ts').then(({ createYogaHandler }) => createYogaHandler({ service, logger, path }));
    try {
      await (await yogaHandler)(context);
    } catch (error) {
      sendResponse(context, service.refuse(context, error));
    }
  }
  const fastPath = options.handlers !== 'all-yoga';
  return {
    serveFast(context) {
      if (!fastPath || !isFastPathRequest(context, path)) return false;
      void serveFast(service, context);
      return true;
    },
    serve: (context) => void serveWithYoga(context),
  };
}
