import { createYoga, type Plugin } from 'graphql-yoga';
import { GatewayError } from '../http/gateway-error.ts';
import { type RequestContext, sendReply } from '../http/request-context.ts';
import type { GraphqlCall } from '../pipeline/run-operation.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type HttpResponse, textResponse } from './graphql-over-http.ts';
import type { GraphqlService } from './graphql-service.ts';
import type { GraphqlBatch } from './request-reader.ts';

interface LaneContext extends Record<string, unknown> {
  readonly exchange: RequestContext;
  call?: GraphqlCall | GraphqlBatch;
}

/** What Yoga takes for the execution result: the whole reply, already written. */
interface RepliedResult {
  readonly reply: HttpResponse;
  stringify(): string;
}

export interface YogaLaneOptions {
  readonly service: GraphqlService;
  readonly logger: Logger;
  /** Where GraphQL is served. */
  readonly path: string;
}

/** GraphQL over HTTP as Yoga hosts it: GET, and every `POST` that is not plain. */
export function createYogaHandler({
  service,
  logger,
  path,
}: YogaLaneOptions): (exchange: RequestContext) => Promise<void> {
  const yoga = createYoga<LaneContext>({
    graphqlEndpoint: path,
    plugins: [servicePlugin(service)],
    graphiql: false,
    logging: yogaLog(logger),
    // The service does these itself, once for both lanes.
    maskedErrors: false,
    maxRequestBodySize: false,
    parserAndValidationCache: false,
    multipart: false,
    landingPage: false,
    cors: false,
  });
  return async (exchange) => {
    try {
      checkAddress(exchange);
      const response = await yoga.handleNodeRequestAndResponse(exchange.req, exchange.res, { exchange });
      const contentType = response.headers.get('content-type') ?? 'text/plain; charset=utf-8';
      const headers = Object.fromEntries(response.headers.entries());
      await service.send(exchange, textResponse(response.status, contentType, await response.text(), headers));
    } catch (error) {
      sendReply(exchange, service.refuse(exchange, error));
    }
  };
}

/** Yoga makes a URL of what the client calls us by, and cannot go on where that is none. */
function checkAddress({ req }: RequestContext): void {
  const host = req.headers.host ?? 'localhost';
  if (URL.canParse(`http://${host}${req.url}`)) return;
  throw new GatewayError(400, 'BAD_REQUEST', 'The "host" header and the path make no URL.');
}

/** Yoga wants to see an operation; of a batch it gets one that means nothing. */
const BATCH_PARAMS = { query: '{ __typename }' };

/** Puts the service in the place of Yoga's own body reader, execution and result writer. */
function servicePlugin(service: GraphqlService): Plugin<LaneContext> {
  return {
    onRequestParse({ serverContext, setRequestParser, fetchAPI }) {
      const context = serverContext as unknown as LaneContext;
      setRequestParser(async () => {
        try {
          context.call = await service.read(context.exchange);
          return ('calls' in context.call ? BATCH_PARAMS : context.call.params) as never;
        } catch (error) {
          return toResponse(fetchAPI, service.refuse(context.exchange, error));
        }
      });
    },
    onParams({ context, setParamsHandler }) {
      const { exchange, call } = context as unknown as LaneContext;
      setParamsHandler(async () => {
        const reply = await service
          .answer(exchange, call as GraphqlCall | GraphqlBatch)
          .catch((error: unknown) => service.refuse(exchange, error));
        const result: RepliedResult = { reply, stringify: () => String(reply.body) };
        return result as never;
      });
    },
    onResultProcess({ result, setResultProcessor }) {
      const { reply } = result as unknown as RepliedResult;
      setResultProcessor((_result, fetchAPI) => toResponse(fetchAPI, reply), 'application/json');
    },
  };
}

function toResponse(fetchAPI: { Response: typeof Response }, reply: HttpResponse): Response {
  return new fetchAPI.Response(String(reply.body), {
    status: reply.status,
    headers: reply.headers as Record<string, string>,
  });
}

function yogaLog(logger: Logger) {
  const line =
    (write: Logger['info']) =>
    (...parts: unknown[]) =>
      write({}, `yoga: ${parts.map(String).join(' ')}`);
  return { debug: () => {}, info: line(logger.debug), warn: line(logger.warn), error: line(logger.error) };
}
