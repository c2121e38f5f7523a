import { type RequestContext, sendReply } from '../http/request-context.ts';
import type { HostOptions } from '../http/router.ts';
import { createOperationRunner } from '../pipeline/run-operation.ts';
import { createResponseSender } from './compressed-response.ts';
import { isFastPathRequest, serveFast } from './fast-path.ts';
import { createGraphqlService, type GraphqlServiceOptions } from './graphql-service.ts';
import { createRequestReader } from './request-reader.ts';

/** GraphQL at one path: over the whole public schema, or over that of a contract. */
export interface GraphqlRoute {
  /** Answers a plain JSON `POST` to this path; false for any other request. */
  serveFast(exchange: RequestContext): boolean;
  /** Answers any `GET` or `POST`. */
  serve(exchange: RequestContext): void;
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
  let yogaLane: Promise<(exchange: RequestContext) => Promise<void>> | undefined;
  /** Yoga is loaded by the first request that needs it: many gateways never see one, and all start sooner. */
  async function serveWithYoga(exchange: RequestContext): Promise<void> {
    yogaLane ??= import('./yoga.ts').then(({ createYogaHandler }) => createYogaHandler({ service, logger, path }));
    try {
      await (await yogaLane)(exchange);
    } catch (error) {
      sendReply(exchange, service.refuse(exchange, error));
    }
  }
  const plainLane = options.lanes !== 'all-yoga';
  return {
    serveFast(exchange) {
      if (!plainLane || !isFastPathRequest(exchange, path)) return false;
      void serveFast(service, exchange);
      return true;
    },
    serve: (exchange) => void serveWithYoga(exchange),
  };
}
