import type { Exchange } from './exchange.ts';
import { createGraphqlService } from './graphql-service.ts';
import type { HostOptions } from './host.ts';
import { createOperationRunner } from './operation-runner.ts';
import { isPlainRequest, servePlain } from './plain-lane.ts';
import { createYogaLane } from './yoga-lane.ts';

/** GraphQL at one path: over the whole public schema, or over that of a contract. */
export interface GraphqlRoute {
  /** Answers a plain JSON `POST` to this path; false for any other request. */
  servePlain(exchange: Exchange): boolean;
  /** Answers any `GET` or `POST`. */
  serve(exchange: Exchange): void;
}

export function createGraphqlRoute(options: HostOptions, path: string, contract?: string): GraphqlRoute {
  const { logger, maxRequestBytes, graphiql } = options;
  const service = createGraphqlService({
    runner: createOperationRunner({ ...options, contract }),
    maxRequestBytes,
    logger,
  });
  const yogaLane = createYogaLane({ service, graphiql, logger, path });
  const plainLane = options.lanes !== 'all-yoga';
  return {
    servePlain(exchange) {
      if (!plainLane || !isPlainRequest(exchange, path)) return false;
      void servePlain(service, exchange);
      return true;
    },
    serve: (exchange) => void yogaLane(exchange),
  };
}
