import type { CallSpan, SpanEnd } from '../shared/trace.ts';
import { ABORTED, connectionFailure, timeoutFailure } from '../sources/http/http-failure.ts';
import { ApiRefusal } from '../sources/rest/api-refusal.ts';
import type { SendApiRequest, SentApiRequest } from '../sources/rest/api-transport.ts';

/** Records a span for each try of a call of an API, whose id the API gets. A try ends with the body of its response. */
export function traceApiTries(send: SendApiRequest, subgraph: string): SendApiRequest {
  return (request) => (request.span === undefined ? send(request) : sendTraced(send, subgraph, request, request.span));
}

async function sendTraced(send: SendApiRequest, subgraph: string, request: SentApiRequest, call: CallSpan) {
  const span = call.startTry(request.method);
  // where a rule keeps the API out of the trace, the call has no headers of the trace
  const headers = request.sendsTrace ? withPairs(request.headers, span.headers) : request.headers;
  try {
    const response = await send({ ...request, headers });
    const { statusCode: status } = response;
    response.body.once('close', () => {
      const isBroken = !response.body.readableEnded && response.body.errored !== null;
      span.end(isBroken ? { status, ...endOf(subgraph, request, response.body.errored) } : { status });
    });
    return response;
  } catch (error) {
    span.end(endOf(subgraph, request, error));
    throw error;
  }
}

/** Returns headers with others, which replace those of the same name. A connector may have its own in any case. */
function withPairs(headers: SentApiRequest['headers'], pairs: readonly string[]): Record<string, string> {
  const all: Record<string, string> = {};
  for (const name in headers) if (!pairs.includes(name.toLowerCase())) all[name] = headers[name] as string;
  for (let at = 0; at < pairs.length; at += 2) all[pairs[at] as string] = pairs[at + 1] as string;
  return all;
}

/** Returns how a try without a whole response ended. */
function endOf(subgraph: string, { signal }: SentApiRequest, error: unknown): SpanEnd {
  if (error instanceof ApiRefusal) return error.failure;
  const { code, reason } = connectionFailure(subgraph, error);
  if (!signal.aborted) return { code, reason };
  if ((signal.reason as Partial<Error> | undefined)?.name === 'TimeoutError')
    return { code: timeoutFailure(subgraph, 0).code };
  return { code, reason: ABORTED, isCancelled: true };
}
