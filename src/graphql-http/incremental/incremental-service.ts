import type { GraphQLFormattedError } from 'graphql';
import type { Payload } from '../../executor/payload.ts';
import { negotiateMediaType } from '../../http/media-type.ts';
import type { RequestContext } from '../../http/request-context.ts';
import type { HttpResponse } from '../../http/response.ts';
import { addServerTiming } from '../../http/server-timing.ts';
import { resultText, type SingleResult, type StreamResult } from '../../pipeline/execution-result.ts';
import type { GraphqlCall } from '../../pipeline/operation-context.ts';
import type { OperationRunner } from '../../pipeline/run-operation.ts';
import type { EndReason, Renewal, SubscriptionMessage } from '../../pipeline/subscriber.ts';
import type { GraphqlServiceOptions } from '../graphql-service.ts';
import { streamedResponse } from '../writers/streamed-response.ts';
import { incrementalTexts } from './incremental-text.ts';
import { type IncrementalFormat, type IncrementalProtocol, negotiateIncremental } from './negotiate.ts';

export interface IncrementalServiceOptions {
  readonly runner: OperationRunner<RequestContext>;
  readonly hasServerTiming?: boolean | undefined;
  /** Counts that a client uses an operation. */
  readonly countUse?: GraphqlServiceOptions['countUse'];
  /** Whether results have parts at all. */
  readonly incremental?: boolean | undefined;
  /** Builds the response of a result that is whole. */
  readonly respond: (context: RequestContext, result: SingleResult) => HttpResponse;
  /** Returns the errors that the client sees of what a stream has failed with. */
  readonly errorsFor: (context: RequestContext, error: unknown) => readonly GraphQLFormattedError[];
}

/** What an operation delivers on a connection that it shares with others. */
export interface OperationMessages extends AsyncIterable<SubscriptionMessage> {
  readonly reason: EndReason | undefined;
  /** Headers that policies add to the response, names in lower case. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Takes new credentials of the client, where it lasts for long. */
  renew?(renewal: Renewal): void;
  /** Ends it after what waits, where it lasts for long: the gateway stops. */
  interrupt?(): void;
  /** Ends it, whether or not all is delivered. */
  return(): unknown;
}

/** Executes operations for clients that accept a result in parts. */
export interface IncrementalService {
  /** Returns the format in which the client accepts a result in parts; `undefined` for none. */
  formatFor(context: RequestContext): IncrementalFormat | undefined;
  /**
   * Executes an operation. The response is a stream where something of the result comes later. Rejects as the runner does, and where the
   * first part fails. A later part that fails is the last one, with the errors.
   */
  execute(context: RequestContext, call: GraphqlCall, format: IncrementalFormat): Promise<HttpResponse>;
  /** Does the same for a connection that frames messages itself; `undefined` where the client accepts no parts. */
  open(context: RequestContext, call: GraphqlCall): Promise<SingleResult | OperationMessages> | undefined;
}

export function createIncrementalService({
  runner,
  hasServerTiming,
  incremental,
  countUse,
  respond,
  errorsFor,
}: IncrementalServiceOptions): IncrementalService {
  /** Returns the texts of the parts, and what makes the last one of an error. */
  function begin(context: RequestContext, { payloads, operation }: StreamResult, { protocol }: IncrementalFormat) {
    context.operation = operation;
    if (countUse && operation) countUse(operation, context.requestHeaders);
    context.record?.begin('respond');
    if (hasServerTiming) addServerTiming(context);
    const open = new OpenFragments();
    const texts = incrementalTexts(payloads, protocol, (payload) => {
      const { errors } = payload;
      open.observe(payload);
      if (errors.length > 0) context.errors = [...(context.errors ?? []), ...errors];
    });
    const fail = (error: unknown) => failureMessage(errorsFor(context, error), protocol, open);
    return { texts, fail };
  }

  function run(context: RequestContext, call: GraphqlCall) {
    context.operationName = call.params.operationName ?? undefined;
    return runner.stream(context, call);
  }

  // a trace explains a whole result, and a result comes when all files have arrived
  const formatFor = ({ req, debug, uploads }: RequestContext) =>
    incremental && debug === undefined && uploads === undefined ? negotiateIncremental(req.headers.accept) : undefined;

  return {
    formatFor,
    open(context, call) {
      const format = formatFor(context);
      return (
        format &&
        run(context, call).then((result) => {
          if (result.kind !== 'stream') return result;
          const { payloads, headers } = result;
          const { texts, fail } = begin(context, result, format);
          return messagesOf(texts, fail, { headers, return: () => payloads.return() });
        })
      );
    },
    async execute(context, call, format) {
      const result = await run(context, call);
      if (result.kind === 'stream') {
        const { payloads, headers } = result;
        const onEnd = () => void payloads.return();
        const { texts, fail } = begin(context, result, format);
        // before the status is sent: where the first part fails, the response is that error
        const first = await texts.next().catch((error: unknown) => {
          onEnd();
          throw error;
        });
        return streamedResponse(format, textsFrom(first, texts, fail), { headers, onEnd });
      }
      const isJson = negotiateMediaType(context.req.headers.accept) !== undefined;
      if (isJson || result.refusal !== undefined) return respond(context, result);
      const text = resultText(result);
      const { headers } = respond(context, result);
      return streamedResponse(format, one(text), { headers: withoutBody(headers) });
    },
  };
}

/** Returns the messages of a result in parts. They never reject: a failure is the last one, as the connection stays. */
function messagesOf(
  texts: AsyncIterable<string>,
  fail: (error: unknown) => SubscriptionMessage,
  parts: Pick<OperationMessages, 'headers' | 'return'>,
): OperationMessages {
  return {
    ...parts,
    reason: 'completed',
    async *[Symbol.asyncIterator]() {
      try {
        for await (const text of texts) yield { text };
      } catch (error) {
        yield fail(error);
      }
    },
  };
}

/** The ids of fragments that are announced, and not complete yet. */
class OpenFragments {
  readonly ids = new Set<string>();

  observe({ announced, deferred }: Payload): void {
    for (const { id } of announced) this.ids.add(id);
    const fragment = deferred?.fragment;
    if (fragment?.isLast) this.ids.delete(fragment.pending.id);
  }
}

/** Returns the last message: with `v0.2`, the fragments that are missing have the errors. */
function failureMessage(
  errors: readonly GraphQLFormattedError[],
  protocol: IncrementalProtocol,
  { ids }: OpenFragments,
): SubscriptionMessage {
  const failed =
    protocol === 'v0.2' && ids.size > 0 ? { completed: [...ids].map((id) => ({ id, errors })) } : { errors };
  return { text: JSON.stringify({ ...failed, hasNext: false }), errors };
}

/** Returns all texts, the first of which is there. A later one that fails ends them with its errors. */
async function* textsFrom(
  first: IteratorResult<string>,
  others: AsyncGenerator<string>,
  fail: (error: unknown) => SubscriptionMessage,
): AsyncGenerator<string> {
  if (first.done) return;
  yield first.value;
  try {
    yield* others;
  } catch (error) {
    yield fail(error).text;
  }
}

async function* one(text: string): AsyncGenerator<string> {
  yield text;
}

/** Returns the headers of a response without those of its body. */
function withoutBody({ 'content-length': _, ...headers }: HttpResponse['headers']): HttpResponse['headers'] {
  return headers;
}
