/** The trace context that a request came with. */
export interface RemoteContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** The span of the caller: 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether the caller records the trace; `undefined` where it leaves that open. */
  readonly isSampled: boolean | undefined;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const TRACE_PARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** Reads a `traceparent`; `undefined` where it is missing or not valid. @see https://www.w3.org/TR/trace-context/#traceparent-header */
export function readTraceParent(header: string | string[] | undefined): RemoteContext | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACE_PARENT.exec(header) ?? [];
  // only later versions have more parts
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (isZero(traceId) || isZero(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

const B3 = /^([\da-f]{16}|[\da-f]{32})-([\da-f]{16})(?:-([01d]))?(?:-[\da-f]{16})?$/;
const TRACE_ID = /^(?:[\da-f]{16}|[\da-f]{32})$/;
const SPAN_ID = /^[\da-f]{16}$/;

/** Reads B3 headers: `b3`, else `x-b3-…`. @see https://github.com/openzipkin/b3-propagation */
export function readB3(headers: Headers): RemoteContext | undefined {
  const { b3 } = headers;
  if (typeof b3 === 'string') {
    const [, traceId, spanId, state] = B3.exec(b3.toLowerCase()) ?? [];
    return context(traceId, spanId, state);
  }
  const traceId = text(headers['x-b3-traceid']);
  const spanId = text(headers['x-b3-spanid']);
  if (traceId === undefined || spanId === undefined || !TRACE_ID.test(traceId) || !SPAN_ID.test(spanId))
    return undefined;
  return context(traceId, spanId, headers['x-b3-flags'] === '1' ? 'd' : text(headers['x-b3-sampled']));
}

function context(traceId: string | undefined, spanId: string | undefined, state: string | undefined) {
  if (traceId === undefined || spanId === undefined || isZero(traceId) || isZero(spanId)) return undefined;
  const isSampled = state === undefined ? undefined : state === '1' || state === 'd' || state === 'true';
  return { traceId: traceId.padStart(32, '0'), spanId, isSampled };
}

function text(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value.toLowerCase() : undefined;
}

function isZero(id: string): boolean {
  return /^0+$/.test(id);
}

/** Reads a trace id from a header: 32 hexadecimal digits, or a UUID. */
export function readTraceId(header: string | string[] | undefined): string | undefined {
  const id = text(header)?.replaceAll('-', '');
  return id !== undefined && id.length === 32 && TRACE_ID.test(id) && !isZero(id) ? id : undefined;
}
