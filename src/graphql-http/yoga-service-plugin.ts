import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { RequestContext } from '../http/request-context.ts';
import type { HttpResponse } from '../http/response.ts';
import type { GraphqlCall, GraphqlParams } from '../pipeline/operation-context.ts';
import type { GraphqlService } from './graphql-service.ts';
import type { GraphqlBatch } from './request-reader.ts';

/** The server context of one request in Yoga. */
export interface YogaServerContext extends Record<string, unknown> {
  readonly requestContext: RequestContext;
  call?: GraphqlCall | GraphqlBatch;
  response?: HttpResponse;
}

/** A placeholder operation for a batch, because Yoga requires one. */
const BATCH_PARAMS: GraphQLParams = { query: '{ __typename }' };
const EMPTY_RESULT = {};

/**
 * Replaces Yoga's own body reader, execution and result writer by the service. For use without user plugins, which would see none of
 * the steps between.
 * @param gatewayResponses the gateway's response, with its body, for each response that Yoga gets
 */
export function servicePlugin(
  service: GraphqlService,
  gatewayResponses: WeakMap<Response, HttpResponse>,
): Plugin<object, YogaServerContext> {
  return {
    onRequestParse({ serverContext, setRequestParser, fetchAPI }) {
      const { requestContext } = serverContext;
      setRequestParser(async () => {
        try {
          const call = await service.read(requestContext);
          serverContext.call = call;
          return 'calls' in call ? BATCH_PARAMS : toYogaParams(call.params);
        } catch (error) {
          return toResponse(fetchAPI, service.refuse(requestContext, error), gatewayResponses);
        }
      });
    },
    onParams({ context, setParamsHandler }) {
      setParamsHandler(async () => {
        const { requestContext, call } = context;
        if (call === undefined) throw new Error('Yoga executes a request that was not read.');
        context.response = await service
          .handle(requestContext, call)
          .catch((error: unknown) => service.refuse(requestContext, error));
        return EMPTY_RESULT;
      });
    },
    onResultProcess({ serverContext, setResultProcessor }) {
      const { response } = serverContext;
      if (response === undefined) return;
      setResultProcessor((_result, fetchAPI) => toResponse(fetchAPI, response, gatewayResponses), 'application/json');
    },
  };
}

export function toYogaParams({ query, operationName, variables, extensions }: GraphqlParams): GraphQLParams {
  return {
    query,
    ...(operationName != null && { operationName }),
    ...(variables != null && { variables: { ...variables } }),
    ...(extensions != null && { extensions: { ...extensions } }),
  };
}

export function toResponse(
  fetchAPI: { Response: typeof Response },
  response: HttpResponse,
  gatewayResponses: WeakMap<Response, HttpResponse>,
): Response {
  const headers = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]);
  // the gateway sends the body itself, not from Yoga's response
  const made = new fetchAPI.Response(null, { status: response.status, headers });
  gatewayResponses.set(made, response);
  return made;
}
