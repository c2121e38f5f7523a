/** How a field is read: a message of fields, or a scalar. `[]` stands for a packed or repeated one. */
type Shape =
  | 'string'
  | 'hex'
  | 'double'
  | 'fixed64'
  | 'varint'
  | 'double[]'
  | 'fixed64[]'
  | Message
  | readonly [Message];
interface Message {
  readonly [field: number]: readonly [name: string, shape: Shape];
}

const KEY_VALUE: Message = { 1: ['key', 'string'], 2: ['value', { 1: ['stringValue', 'string'] }] };
const EXEMPLAR: Message = { 2: ['timeUnixNano', 'fixed64'], 3: ['asDouble', 'double'], 5: ['traceId', 'hex'] };
const NUMBER_POINT: Message = {
  2: ['startTimeUnixNano', 'fixed64'],
  3: ['timeUnixNano', 'fixed64'],
  4: ['asDouble', 'double'],
  7: ['attributes', [KEY_VALUE]],
};
const HISTOGRAM_POINT: Message = {
  2: ['startTimeUnixNano', 'fixed64'],
  3: ['timeUnixNano', 'fixed64'],
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['bucketCounts', 'fixed64[]'],
  7: ['explicitBounds', 'double[]'],
  8: ['exemplars', [EXEMPLAR]],
  9: ['attributes', [KEY_VALUE]],
};
const METRIC: Message = {
  1: ['name', 'string'],
  2: ['description', 'string'],
  3: ['unit', 'string'],
  5: ['gauge', { 1: ['dataPoints', [NUMBER_POINT]] }],
  7: [
    'sum',
    { 1: ['dataPoints', [NUMBER_POINT]], 2: ['aggregationTemporality', 'varint'], 3: ['isMonotonic', 'varint'] },
  ],
  9: ['histogram', { 1: ['dataPoints', [HISTOGRAM_POINT]], 2: ['aggregationTemporality', 'varint'] }],
};
/** `ExportMetricsServiceRequest`, by the numbers of its fields in the specification. */
const REQUEST: Message = {
  1: [
    'resourceMetrics',
    [
      {
        1: ['resource', { 1: ['attributes', [KEY_VALUE]] }],
        2: ['scopeMetrics', [{ 1: ['scope', { 1: ['name', 'string'] }], 2: ['metrics', [METRIC]] }]],
      },
    ],
  ],
};

type Decoded = Record<string, unknown>;

/** Reads a Protocol Buffers message with metrics. Throws for a field that OTLP does not have. */
export function decodeMetrics(bytes: Buffer): Decoded {
  return decode(bytes, REQUEST);
}

function decode(bytes: Buffer, message: Message): Decoded {
  const found: Decoded = {};
  let at = 0;
  const varint = () => {
    let [value, shift] = [0, 1];
    for (;;) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
      shift *= 128;
    }
  };
  const next = (wire: number): Buffer | number => {
    if (wire === 0) return varint();
    const length = wire === 1 ? 8 : varint();
    if (wire !== 1 && wire !== 2) throw new Error(`wire type ${wire}`);
    at += length;
    if (at > bytes.length) throw new Error('the message is truncated');
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = message[tag >> 3];
    if (field === undefined) throw new Error(`unknown field ${tag >> 3}`);
    const [name, shape] = field;
    const value = read(next(tag & 7), shape);
    if (Array.isArray(shape)) found[name] = [...((found[name] as unknown[]) ?? []), value];
    else found[name] = value;
  }
  return found;
}

function read(value: Buffer | number, shape: Shape): unknown {
  if (typeof value === 'number') return value;
  if (shape === 'string') return value.toString();
  if (shape === 'hex') return value.toString('hex');
  if (shape === 'double') return value.readDoubleLE();
  if (shape === 'fixed64') return String(value.readBigUInt64LE());
  if (shape === 'double[]') return eights(value).map((part) => part.readDoubleLE());
  if (shape === 'fixed64[]') return eights(value).map((part) => String(part.readBigUInt64LE()));
  if (typeof shape === 'string') throw new Error(`not a ${shape}`);
  return decode(value, (Array.isArray(shape) ? shape[0] : shape) as Message);
}

function eights(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / 8 }, (_, index) => bytes.subarray(index * 8, index * 8 + 8));
}
