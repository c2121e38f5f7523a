import type { Tracing } from '../../config/sections/tracing.ts';
import {
  type RemoteContext,
  readB3,
  readB3Decision,
  readTraceId,
  readTraceParent,
  readTraceState,
} from '../../shared/trace-context.ts';
import { spanIdIn, traceIdIn } from './ids.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What a request says about its trace. */
export interface IncomingContext {
  readonly parent: RemoteContext | undefined;
  /** The id of a new trace, where the request has one and no parent. */
  readonly traceId: string | undefined;
  readonly traceState: string | undefined;
  /** Whether the caller records the trace, where the request says that without a parent. */
  readonly isSampled?: boolean | undefined;
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
    if (fromW3c) return { parent: fromW3c, traceId: undefined, traceState: readTraceState(headers.tracestate) };
    const parent = zipkin ? readB3(headers) : undefined;
    if (parent) return { ...NONE, parent };
    const traceId = request.header_name === undefined ? undefined : readTraceId(headers[request.header_name]);
    const isSampled = zipkin ? readB3Decision(headers) : undefined;
    return traceId === undefined && isSampled === undefined ? NONE : { ...NONE, traceId, isSampled };
  }

  /** Returns headers for requests that are sent from a place in a trace, as its `traceparent` says it: a flat list of names and values. */
  write(traceParent: string, isSampled: boolean, traceState: string | undefined): readonly string[] {
    const { trace_context, zipkin } = this.#settings;
    const headers = trace_context ? ['traceparent', traceParent] : [];
    if (trace_context && traceState !== undefined) headers.push('tracestate', traceState);
    if (zipkin)
      headers.push(...b3Headers(zipkin, traceIdIn(traceParent), spanIdIn(traceParent), isSampled ? '1' : '0'));
    return headers;
  }
}

function b3Headers(zipkin: 'single' | 'multi', traceId: string, spanId: string, flag: string): string[] {
  if (zipkin === 'single') return ['b3', `${traceId}-${spanId}-${flag}`];
  return ['x-b3-traceid', traceId, 'x-b3-spanid', spanId, 'x-b3-sampled', flag];
}
