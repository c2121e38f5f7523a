import { createYoga, type Plugin } from 'graphql-yoga';
import { type RequestContext, sendResponse } from '../http/request-context.ts';
import { type HttpResponse, textResponse } from '../http/response.ts';
import type { GraphqlCall } from '../pipeline/operation-context.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { GraphqlService } from './graphql-service.ts';
import type { GraphqlBatch } from './request-reader.ts';

interface YogaContext extends Record<string, unknown> {
  readonly requestContext: RequestContext;
  call?: GraphqlCall | GraphqlBatch;
}

/** What Yoga takes for the execution result: the whole reply, already written. */
interface RepliedResult {
  readonly response: HttpResponse;
  stringify(): string;
}

export interface YogaHandlerOptions {
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
}: YogaHandlerOptions): (requestContext: RequestContext) => Promise<void> {
  const yoga = createYoga<YogaContext>({
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
  return async (requestContext) => {
    try {
      checkAddress(requestContext);
      const response = await yoga.handleNodeRequestAndResponse(requestContext.req, requestContext.res, {
        requestContext,
      });
      const contentType = response.headers.get('content-type') ?? 'text/plain; charset=utf-8';
      const headers = Object.fromEntries(response.headers.entries());
      await service.send(requestContext, textResponse(response.status, contentType, await response.text(), headers));
    } catch (error) {
      sendResponse(requestContext, service.refuse(requestContext, error));
    }
  };
}

/** Yoga makes a URL of what the client calls us by, and cannot go on where that is none. */
function checkAddress({ req }: RequestContext): void {
  const host = req.headers.host ?? 'localhost';
  if (URL.canParse(`http://${host}${req.url}`)) return;
  throw new GatewayError(400, 'BAD_REQUEST', 'The "host" header and the path do not form a valid URL.');
}

/** Yoga wants to see an operation; of a batch it gets one that means nothing. */
const BATCH_PARAMS = { query: '{ __typename }' };

/** Puts the service in the place of Yoga's own body reader, execution and result writer. */
function servicePlugin(service: GraphqlService): Plugin<YogaContext> {
  return {
    onRequestParse({ serverContext, setRequestParser, fetchAPI }) {
      const context = serverContext as unknown as YogaContext;
      setRequestParser(async () => {
        try {
          context.call = await service.read(context.requestContext);
          return ('calls' in context.call ? BATCH_PARAMS : context.call.params) as never;
        } catch (error) {
          return toResponse(fetchAPI, service.refuse(context.requestContext, error));
        }
      });
    },
    onParams({ context, setParamsHandler }) {
      const { requestContext, call } = context as unknown as YogaContext;
      setParamsHandler(async () => {
        const response = await service
          .answer(requestContext, call as GraphqlCall | GraphqlBatch)
          .catch((error: unknown) => service.refuse(requestContext, error));
        const result: RepliedResult = { response, stringify: () => String(response.body) };
        return result as never;
      });
    },
    onResultProcess({ result, setResultProcessor }) {
      const { response } = result as unknown as RepliedResult;
      setResultProcessor((_result, fetchAPI) => toResponse(fetchAPI, response), 'application/json');
    },
  };
}

function toResponse(fetchAPI: { Response: typeof Response }, response: HttpResponse): Response {
  return new fetchAPI.Response(String(response.body), {
    status: response.status,
    headers: response.headers as Record<string, string>,
  });
}

function yogaLog(logger: Logger) {
  const line =
    (write: Logger['info']) =>
    (...parts: unknown[]) =>
      write({}, `yoga: ${parts.map(String).join(' ')}`);
  return { debug: () => {}, info: line(logger.debug), warn: line(logger.warn), error: line(logger.error) };
}
