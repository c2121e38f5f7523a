import {
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type ExecutionResult as GraphQLResult,
  type GraphQLSchema,
  parse,
  print,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { RequestContext } from '../http/request-context.ts';
import { type HttpResponse, textResponse } from '../http/response.ts';
import type { ReadDocument } from '../pipeline/engine.ts';
import type { GraphqlCall } from '../pipeline/operation-context.ts';
import { isExecutable } from '../pipeline/refuse.ts';
import type { DebugTrace } from '../shared/debug-trace.ts';
import { stringifyJson } from '../shared/exact-json.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type LoggedRequest, requestFields } from '../telemetry/request-fields.ts';
import { operationInBody, refusedResult, withQuery } from './graphql-over-http.ts';
import type { BatchItem, GraphqlService, OpenBatch } from './graphql-service.ts';
import { LazyResult } from './lazy-result.ts';
import { toResponse, toYogaParams, type YogaServerContext } from './yoga-service-plugin.ts';

/** The state of one operation in Yoga. */
interface Operation {
  readonly requestContext: RequestContext;
  readonly call: GraphqlCall;
  /** The gateway's parsed and validated document. Plugins see it once it is valid. */
  readonly document: ReadDocument | undefined;
}

interface OperationContext extends YogaServerContext {
  operation?: Operation;
  batch?: OpenBatch | undefined;
}

/**
 * Runs the stages of the pipeline inside Yoga's, so that plugins of Yoga and Envelop see and change what they expect: parameters,
 * the parsed document, validation rules, execution arguments, the result and the response. Requests that the gateway itself refuses
 * (a document over a limit, a mutation by GET) do not reach plugins.
 * @param gatewayResponses the gateway's response, with its body, for each response that Yoga gets
 */
export function executionPlugin(
  service: GraphqlService,
  gatewayResponses: WeakMap<Response, HttpResponse>,
  logger: Logger,
): ExecutionPlugin {
  return {
    ...parameterHooks(service, gatewayResponses),
    ...documentHooks,
    ...resultHooks(service, gatewayResponses, logger),
  };
}

type ExecutionPlugin = Plugin<OperationContext, OperationContext>;

/** Reads the parameters, and executes without plugins what the gateway refuses. */
function parameterHooks(service: GraphqlService, gatewayResponses: WeakMap<Response, HttpResponse>): ExecutionPlugin {
  /** Operations by their parameters. Parameters that a plugin has replaced are read again. */
  const calls = new WeakMap<GraphQLParams, BatchItem>();
  return {
    onRequestParse({ serverContext, setRequestParser, fetchAPI }) {
      setRequestParser(async () => {
        try {
          return await readParams(service, serverContext, calls);
        } catch (error) {
          return toResponse(fetchAPI, service.refuse(serverContext.requestContext, error), gatewayResponses);
        }
      });
    },
    onParams({ context, params, setParamsHandler }) {
      const operation = operationFor(service, context, params, calls.get(params));
      if (operation instanceof GatewayError)
        return setParamsHandler(() => new LazyResult(refusedResult(operation), context.requestContext));
      context.operation = operation;
      // a refused operation is counted and gets its response as without Yoga
      if (!operation.document || !isExecutable(operation.document, operation.call))
        setParamsHandler(() => execute(service, operation));
    },
    onExecute({ args, setExecuteFn }) {
      const { operation } = args.contextValue;
      if (operation) setExecuteFn((final: ExecutionArgs) => execute(service, withArguments(operation, final)));
    },
  };
}

/** Uses the gateway's parsed and validated document. */
const documentHooks: ExecutionPlugin = {
  onParse({ context: { operation }, setParseFn }) {
    const known = operation?.document;
    if (operation === undefined || known === undefined || 'refusal' in known) return;
    setParseFn((source: string) => (source === operation.call.params.query ? known.document : parse(source)));
  },
  onValidate({ setValidationFn }) {
    // the document is valid by the rules of the specification; only rules of plugins remain to be checked
    setValidationFn((schema: GraphQLSchema, document: DocumentNode, rules: readonly ValidationRule[] = []) =>
      validate(
        schema,
        document,
        rules.filter((rule) => !specifiedRules.includes(rule)),
      ),
    );
  },
};

/** Sends results that no plugin has changed without serializing them again. */
function resultHooks(
  service: GraphqlService,
  gatewayResponses: WeakMap<Response, HttpResponse>,
  logger: Logger,
): ExecutionPlugin {
  return {
    onResultProcess({ result, serverContext: { batch, requestContext }, setResult, setResultProcessor }) {
      const { debug } = requestContext;
      const mask = (result: GraphQLResult) => {
        const masked = maskUnexpected(result, logger, requestContext);
        // the operations of a batch have traces of their own
        return debug === undefined || batch ? masked : withTrace(masked, debug);
      };
      batch?.finish();
      const results = (Array.isArray(result) ? result : [result]).map((one) => respondUnchanged(service, one));
      if (!results.every((response) => response !== undefined)) {
        // Yoga serializes results that plugins have changed or created
        if (!isAsyncIterable(result)) setResult(Array.isArray(result) ? result.map(mask) : mask(result));
        return;
      }
      const response = Array.isArray(result) ? inOneResponse(results) : results[0];
      if (response === undefined) return;
      setResultProcessor((_result, fetchAPI) => toResponse(fetchAPI, response, gatewayResponses), 'application/json');
    },
  };
}

/** @param read what was read from these parameters; `undefined` when a plugin has replaced them */
function operationFor(
  service: GraphqlService,
  context: OperationContext,
  params: GraphQLParams,
  read: BatchItem | undefined,
): Operation | GatewayError {
  if (read?.call instanceof GatewayError) return read.call;
  const requestContext = read?.context ?? context.requestContext;
  const call = read?.call ?? callOf(params, requestContext);
  if (call instanceof GatewayError) return call;
  return { requestContext, call, document: service.readDocument(requestContext, call) };
}

async function execute(service: GraphqlService, { requestContext, call }: Operation): Promise<LazyResult> {
  const result = service
    .execute(requestContext, call)
    .catch((error: unknown) => service.refuseOperation(requestContext, error));
  return new LazyResult(await result, requestContext);
}

/** Reads the parameters of a request, of each operation of a batch, and remembers the calls that they were read from. */
async function readParams(
  service: GraphqlService,
  serverContext: OperationContext,
  calls: WeakMap<GraphQLParams, BatchItem>,
): Promise<GraphQLParams | GraphQLParams[]> {
  const { requestContext: context } = serverContext;
  // throws where there is none
  service.schema();
  const call = await service.read(context);
  const paramsOf = (item: BatchItem) => {
    const params = item.call instanceof GatewayError ? {} : toYogaParams(item.call.params);
    calls.set(params, item);
    return params;
  };
  if (!('calls' in call)) return paramsOf({ context, call });
  const batch = service.openBatch(context, call);
  serverContext.batch = batch;
  return batch.items.map(paramsOf);
}

function respondUnchanged(service: GraphqlService, result: unknown): HttpResponse | undefined {
  if (!(result instanceof LazyResult)) return undefined;
  const { unchanged, context } = result;
  return unchanged && service.respond(context, unchanged);
}

function inOneResponse(responses: readonly HttpResponse[]): HttpResponse {
  const type = String(responses[0]?.headers['content-type']);
  return textResponse(200, type, `[${responses.map(({ body }) => String(body)).join(',')}]`);
}

/** Reads parameters that a plugin has replaced. */
function callOf(params: GraphQLParams, { req }: RequestContext): GraphqlCall | GatewayError {
  try {
    const requested = operationInBody(params);
    const text = stringifyJson(params) ?? '';
    return { params: withQuery(requested, requested.query), text, readOnly: req.method === 'GET' };
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

/** Applies changes of plugins to the execution arguments. */
function withArguments(operation: Operation, { document, variableValues, operationName }: ExecutionArgs): Operation {
  const { call, document: known } = operation;
  const isKnown = known !== undefined && 'document' in known && known.document === document;
  const query = isKnown ? call.params.query : print(document);
  const params = { ...call.params, query, variables: variableValues, operationName };
  // equal texts share an execution, so the text has what plugins have changed
  return { ...operation, call: { ...call, params, text: stringifyJson(params) ?? '' } };
}

/** Returns the result for an error of a plugin. Clients see a `GraphQLError`; any other error is logged and masked. */
function maskUnexpected(result: GraphQLResult, logger: Logger, request: LoggedRequest): GraphQLResult {
  if (!result.errors?.some(isUnexpected)) return result;
  const errors = result.errors.map((error) => {
    if (!isUnexpected(error)) return error;
    logger.error({ ...requestFields(request), err: error.originalError ?? error }, 'a plugin of "yoga.plugins" threw');
    return new GraphQLError('Internal server error', { extensions: { code: 'INTERNAL_SERVER_ERROR' } });
  });
  return { ...result, errors };
}

function withTrace(result: GraphQLResult, debug: DebugTrace): GraphQLResult {
  return { ...result, extensions: { ...result.extensions, headgate: debug.toJSON() } };
}

function isUnexpected({ originalError }: GraphQLError): boolean {
  return originalError !== undefined && !(originalError instanceof GraphQLError);
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value;
}
