import { negotiateMediaType } from '../../http/media-type.ts';
import type { RequestContext } from '../../http/request-context.ts';
import type { HttpResponse } from '../../http/response.ts';
import { addServerTiming } from '../../http/server-timing.ts';
import { resultText, type SingleResult, type StreamResult } from '../../pipeline/execution-result.ts';
import type { GraphqlCall } from '../../pipeline/operation-context.ts';
import type { OperationRunner } from '../../pipeline/run-operation.ts';
import type { GraphqlServiceOptions } from '../graphql-service.ts';
import { streamedResponse } from '../writers/streamed-response.ts';
import { incrementalTexts } from './incremental-text.ts';
import { type IncrementalFormat, negotiateIncremental } from './negotiate.ts';

export interface IncrementalServiceOptions {
  readonly runner: OperationRunner<RequestContext>;
  readonly hasServerTiming?: boolean | undefined;
  /** Counts that a client uses an operation. */
  readonly countUse?: GraphqlServiceOptions['countUse'];
  /** Whether results have parts at all. */
  readonly incremental?: boolean | undefined;
  /** Builds the response of a result that is whole. */
  readonly respond: (context: RequestContext, result: SingleResult) => HttpResponse;
}

/** Executes operations for clients that accept a result in parts. */
export interface IncrementalService {
  /** Returns the format in which the client accepts a result in parts; `undefined` for none. */
  formatFor(context: RequestContext): IncrementalFormat | undefined;
  /** Executes an operation. The response is a stream where something of the result comes later. Rejects as the runner does. */
  execute(context: RequestContext, call: GraphqlCall, format: IncrementalFormat): Promise<HttpResponse>;
}

export function createIncrementalService({
  runner,
  hasServerTiming,
  incremental,
  countUse,
  respond,
}: IncrementalServiceOptions): IncrementalService {
  function respondInParts(context: RequestContext, result: StreamResult, format: IncrementalFormat): HttpResponse {
    const { payloads, headers, operation } = result;
    context.operation = operation;
    if (countUse && operation) countUse(operation, context.requestHeaders);
    context.record?.begin('respond');
    if (hasServerTiming) addServerTiming(context);
    const texts = incrementalTexts(payloads, format.protocol, ({ errors }) => {
      if (errors.length > 0) context.errors = [...(context.errors ?? []), ...errors];
    });
    return streamedResponse(format, texts, { headers, onEnd: () => void payloads.return() });
  }

  return {
    // a trace explains a whole result
    formatFor: ({ req, debug }) =>
      incremental && debug === undefined ? negotiateIncremental(req.headers.accept) : undefined,
    async execute(context, call, format) {
      context.operationName = call.params.operationName ?? undefined;
      const result = await runner.stream(context, call);
      if (result.kind === 'stream') return respondInParts(context, result, format);
      const isJson = negotiateMediaType(context.req.headers.accept) !== undefined;
      if (isJson || result.refusal !== undefined) return respond(context, result);
      const text = resultText(result);
      const { headers } = respond(context, result);
      return streamedResponse(format, one(text), { headers: withoutBody(headers) });
    },
  };
}

async function* one(text: string): AsyncGenerator<string> {
  yield text;
}

/** Returns the headers of a response without those of its body. */
function withoutBody({ 'content-length': _, ...headers }: HttpResponse['headers']): HttpResponse['headers'] {
  return headers;
}
