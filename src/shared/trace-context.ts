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

/** The longest `tracestate` that is passed on, in characters. Requests share fetches, so that of one could make the fetch of all fail. */
const LONGEST_TRACE_STATE = 2_048;
const TRACE_STATE = /^[\t\x20-\x7e]*$/;
/** A member of a `tracestate`, without the spaces around it. */
const TRACE_STATE_MEMBER = /^[a-z\d][-a-z\d_*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,256}$/;
const MOST_MEMBERS = 32;

/** Reads a `tracestate`; `undefined` where it is missing, not valid or too long. @see https://www.w3.org/TR/trace-context/#tracestate-header */
export function readTraceState(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string' || header.length > LONGEST_TRACE_STATE || !TRACE_STATE.test(header)) return undefined;
  const members = header.split(',');
  return members.length <= MOST_MEMBERS && members.every(isTraceStateMember) ? header : undefined;
}

/** A member may be empty. */
function isTraceStateMember(text: string): boolean {
  const member = text.trim();
  return member === '' || TRACE_STATE_MEMBER.test(member);
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

/** Reads what B3 headers without ids say about recording: `b3: 0`, `x-b3-sampled: 0`, `x-b3-flags: 1`. */
export function readB3Decision({ b3, 'x-b3-sampled': sampled, 'x-b3-flags': flags }: Headers): boolean | undefined {
  return decisionOf(text(b3) ?? (flags === '1' ? 'd' : text(sampled)));
}

function decisionOf(state: string | undefined): boolean | undefined {
  if (state === '1' || state === 'd' || state === 'true') return true;
  return state === '0' || state === 'false' ? false : undefined;
}

function context(traceId: string | undefined, spanId: string | undefined, state: string | undefined) {
  if (traceId === undefined || spanId === undefined || isZero(traceId) || isZero(spanId)) return undefined;
  return { traceId: traceId.padStart(32, '0'), spanId, isSampled: decisionOf(state) };
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
