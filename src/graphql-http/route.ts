import { type Exchange, sendReply } from '../http/request-context.ts';
import { createGraphqlService, type GraphqlServiceOptions } from './graphql-service.ts';
import type { HostOptions } from '../http/router.ts';
import { createOperationRunner } from '../pipeline/run-operation.ts';
import { isPlainRequest, servePlain } from './fast-path.ts';
import { createReplySender } from './compressed-response.ts';
import { createRequestReader } from './request-reader.ts';

/** GraphQL at one path: over the whole public schema, or over that of a contract. */
export interface GraphqlRoute {
  /** Answers a plain JSON `POST` to this path; false for any other request. */
  servePlain(exchange: Exchange): boolean;
  /** Answers any `GET` or `POST`. */
  serve(exchange: Exchange): void;
}

type GraphqlRouteOptions = HostOptions & Pick<GraphqlServiceOptions, 'onRefusal'>;

export function createGraphqlRoute(options: GraphqlRouteOptions, path: string, contract?: string): GraphqlRoute {
  const { logger, onRefusal } = options;
  const service = createGraphqlService({
    runner: createOperationRunner({ ...options, contract }),
    reader: createRequestReader(options),
    sender: createReplySender(options.compressFrom),
    logger,
    cacheHeaders: options.cacheHeaders,
    onRefusal,
  });
  let yogaLane: Promise<(exchange: Exchange) => Promise<void>> | undefined;
  /** Yoga is loaded by the first request that needs it: many gateways never see one, and all start sooner. */
  async function serveWithYoga(exchange: Exchange): Promise<void> {
    yogaLane ??= import('./yoga.ts').then(({ createYogaLane }) => createYogaLane({ service, logger, path }));
    try {
      await (await yogaLane)(exchange);
    } catch (error) {
      sendReply(exchange, service.refuse(exchange, error));
    }
  }
  const plainLane = options.lanes !== 'all-yoga';
  return {
    servePlain(exchange) {
      if (!plainLane || !isPlainRequest(exchange, path)) return false;
      void servePlain(service, exchange);
      return true;
    },
    serve: (exchange) => void serveWithYoga(exchange),
  };
}
