import type { Tracing } from '../../config/sections/tracing.ts';
import { type RemoteContext, readB3, readTraceId, readTraceParent } from '../../shared/trace-context.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What a request says about its trace. */
export interface IncomingContext {
  readonly parent: RemoteContext | undefined;
  /** The id of a new trace, where the request has one and no parent. */
  readonly traceId: string | undefined;
  readonly traceState: string | undefined;
}

const NONE: IncomingContext = { parent: undefined, traceId: undefined, traceState: undefined };

/** Reads and writes the headers of a trace context, as `propagation` says. */
export class Propagation {
  readonly #settings: Tracing['propagation'];

  constructor(settings: Tracing['propagation']) {
    this.#settings = settings;
  }

  read(headers: Headers): IncomingContext {
    const { trace_context, zipkin, request } = this.#settings;
    const fromW3c = trace_context ? readTraceParent(headers.traceparent) : undefined;
    if (fromW3c) {
      const { tracestate } = headers;
      return {
        parent: fromW3c,
        traceId: undefined,
        traceState: typeof tracestate === 'string' ? tracestate : undefined,
      };
    }
    const parent = zipkin ? readB3(headers) : undefined;
    if (parent) return { ...NONE, parent };
    const traceId = request.header_name === undefined ? undefined : readTraceId(headers[request.header_name]);
    return traceId === undefined ? NONE : { ...NONE, traceId };
  }

  /** Returns headers for requests that are sent from a place in a trace: a flat list of names and values. */
  write(traceId: string, spanId: string, isSampled: boolean, traceState: string | undefined): readonly string[] {
    const { trace_context, zipkin } = this.#settings;
    const headers = trace_context ? ['traceparent', `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`] : [];
    if (trace_context && traceState !== undefined) headers.push('tracestate', traceState);
    const flag = isSampled ? '1' : '0';
    if (zipkin === 'single') headers.push('b3', `${traceId}-${spanId}-${flag}`);
    if (zipkin === 'multi') headers.push('x-b3-traceid', traceId, 'x-b3-spanid', spanId, 'x-b3-sampled', flag);
    return headers;
  }
}
