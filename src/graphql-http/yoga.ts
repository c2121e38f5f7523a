import { createYoga, type Plugin } from 'graphql-yoga';
import { type RequestContext, sendResponse } from '../http/request-context.ts';
import type { HttpResponse } from '../http/response.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { GraphqlService } from './graphql-service.ts';
import { isStreamed, type StreamedResponse } from './writers/streamed-response.ts';
import { executionPlugin } from './yoga-execution-plugin.ts';
import type { YogaPlugin } from './yoga-plugin.ts';
import { servicePlugin, type YogaServerContext } from './yoga-service-plugin.ts';

export interface YogaHandlerOptions {
  readonly service: GraphqlService;
  readonly logger: Logger;
  /** The path of GraphQL. */
  readonly path: string;
  /** User plugins, in order. */
  readonly plugins?: readonly YogaPlugin[] | undefined;
}

/** Creates the handler for requests through Yoga: `GET`, every `POST` that is not plain, and all requests when there are plugins. */
export function createYogaHandler({
  service,
  logger,
  path,
  plugins = [],
}: YogaHandlerOptions): (context: RequestContext) => Promise<void> {
  const gatewayResponses = new WeakMap<Response, HttpResponse>();
  const isExtended = plugins.length > 0;
  const own = isExtended
    ? executionPlugin(service, gatewayResponses, logger)
    : servicePlugin(service, gatewayResponses);
  const yoga = createYoga<YogaServerContext>({
    graphqlEndpoint: path,
    schema: isExtended ? () => service.schema() : undefined,
    plugins: [...(plugins as readonly Plugin[]), own],
    batching: isExtended ? { limit: Number.MAX_SAFE_INTEGER } : false,
    graphiql: false,
    logging: yogaLog(logger),
    // the service does these itself, also for the fast path
    maskedErrors: false,
    maxRequestBodySize: false,
    parserAndValidationCache: false,
    multipart: false,
    landingPage: false,
    cors: false,
  });
  return async (context) => {
    try {
      checkAddress(context);
      const response = await yoga.handleNodeRequestAndResponse(context.req, context.res, { requestContext: context });
      await service.send(context, await toHttpResponse(response, gatewayResponses.get(response)));
    } catch (error) {
      sendResponse(context, service.refuse(context, error));
    }
  };
}

/**
 * Returns Yoga's response with the headers and the status that plugins have set. The body of a response from the service is already
 * available.
 */
async function toHttpResponse(response: Response, own: HttpResponse | undefined): Promise<HttpResponse> {
  if (own !== undefined && isStreamed(own)) return streamedHttpResponse(response, own);
  const body = own === undefined ? Buffer.from(await response.arrayBuffer()) : own.body;
  const headers = { ...Object.fromEntries(response.headers.entries()), 'content-length': Buffer.byteLength(body) };
  return { status: response.status, headers, body };
}

function streamedHttpResponse({ headers }: Response, own: StreamedResponse): StreamedResponse {
  return { ...own, headers: Object.fromEntries(headers.entries()) };
}

/** Checks the URL of a request: Yoga builds it from the `Host` header and the path, and fails when it is invalid. */
function checkAddress({ req }: RequestContext): void {
  const host = req.headers.host ?? 'localhost';
  if (URL.canParse(`http://${host}${req.url}`)) return;
  throw new GatewayError(400, 'BAD_REQUEST', 'The "host" header and the path do not form a valid URL.');
}

function yogaLog(logger: Logger) {
  const line =
    (write: Logger['info']) =>
    (...parts: unknown[]) =>
      write({}, `yoga: ${parts.map(String).join(' ')}`);
  return { debug: () => {}, info: line(logger.debug), warn: line(logger.warn), error: line(logger.error) };
}
