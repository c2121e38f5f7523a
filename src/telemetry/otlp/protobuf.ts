import type {
  HistogramPoint,
  KeyValue,
  MetricsRequest,
  NumberPoint,
  OtlpExemplar,
  OtlpMetric,
} from './metrics-request.ts';

/** Wire types of Protocol Buffers. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

type Part = Buffer | readonly Part[];

/**
 * Writes a request as a Protocol Buffers message. The numbers of the fields are those of OTLP.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function metricsProtobuf({ resourceMetrics }: MetricsRequest): Buffer {
  return joined(
    resourceMetrics.map(({ resource, scopeMetrics }) =>
      message(1, [
        message(1, attributes(1, resource.attributes)),
        scopeMetrics.map(({ scope, metrics }) =>
          message(2, [message(1, [text(1, scope.name)]), metrics.map((metric) => message(2, metricParts(metric)))]),
        ),
      ]),
    ),
  );
}

function metricParts({ name, description, unit, gauge, sum, histogram }: OtlpMetric): Part {
  return [
    text(1, name),
    text(2, description),
    text(3, unit),
    gauge ? message(5, points(gauge.dataPoints)) : [],
    sum ? message(7, [points(sum.dataPoints), varint(2, sum.aggregationTemporality), varint(3, 1)]) : [],
    histogram
      ? message(9, [
          histogram.dataPoints.map((point) => message(1, histogramParts(point))),
          varint(2, histogram.aggregationTemporality),
        ])
      : [],
  ];
}

function points(dataPoints: readonly NumberPoint[]): Part {
  return dataPoints.map((point) =>
    message(1, [
      fixed(2, point.startTimeUnixNano),
      fixed(3, point.timeUnixNano),
      double(4, point.asDouble),
      attributes(7, point.attributes),
    ]),
  );
}

function histogramParts(point: HistogramPoint): Part {
  return [
    fixed(2, point.startTimeUnixNano),
    fixed(3, point.timeUnixNano),
    fixed(4, point.count),
    double(5, point.sum),
    message(6, point.bucketCounts.map(fixedBytes)),
    message(7, point.explicitBounds.map(doubleBytes)),
    point.exemplars.map((exemplar) => message(8, exemplarParts(exemplar))),
    attributes(9, point.attributes),
  ];
}

function exemplarParts({ timeUnixNano, asDouble, traceId }: OtlpExemplar): Part {
  return [fixed(2, timeUnixNano), double(3, asDouble), message(5, Buffer.from(traceId, 'hex'))];
}

function attributes(field: number, pairs: readonly KeyValue[]): Part {
  return pairs.map(({ key, value }) => message(field, [text(1, key), message(2, [text(1, value.stringValue)])]));
}

function text(field: number, value: string): Part {
  return message(field, Buffer.from(value));
}

/** A field of which the length comes first: a message, a text, bytes or packed numbers. */
function message(field: number, content: Part): Part {
  const body = joined(content);
  return [varintBytes(field * 8 + BYTES), varintBytes(body.length), body];
}

function varint(field: number, value: number): Part {
  return [varintBytes(field * 8 + VARINT), varintBytes(value)];
}

function fixed(field: number, digits: string): Part {
  return [varintBytes(field * 8 + FIXED64), fixedBytes(digits)];
}

function double(field: number, value: number): Part {
  return [varintBytes(field * 8 + FIXED64), doubleBytes(value)];
}

/** @param value a whole number below 2^31 */
function varintBytes(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}

function fixedBytes(digits: string): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(digits));
  return bytes;
}

function doubleBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

function joined(part: Part): Buffer {
  if (Buffer.isBuffer(part)) return part;
  const found: Buffer[] = [];
  collect(part, found);
  return Buffer.concat(found);
}

function collect(part: Part, into: Buffer[]): void {
  if (Buffer.isBuffer(part)) into.push(part);
  else for (const inner of part as readonly Part[]) collect(inner, into);
}
