import type { HistogramPoint, KeyValue, MetricsRequest, NumberPoint, OtlpMetric } from './metrics-request.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** Writes a request as a Protocol Buffers message. The numbers of the fields are those of OTLP. */
export function metricsProtobuf({ resourceMetrics }: MetricsRequest): Buffer {
  const writer = new ProtobufWriter();
  const message = (field: number, write: () => void) => {
    const begun = writer.begin(field);
    write();
    writer.end(begun);
  };
  const attributes = (field: number, pairs: readonly KeyValue[]) => {
    for (const { key, value } of pairs)
      message(field, () => {
        writer.text(1, key);
        message(2, () => writer.text(1, value.stringValue));
      });
  };
  const write = { writer, message, attributes };
  for (const { resource, scopeMetrics } of resourceMetrics)
    message(1, () => {
      message(1, () => attributes(1, resource.attributes));
      for (const { scope, metrics } of scopeMetrics)
        message(2, () => {
          message(1, () => writer.text(1, scope.name));
          for (const metric of metrics) message(2, () => writeMetric(write, metric));
        });
    });
  return writer.written;
}

interface Write {
  readonly writer: ProtobufWriter;
  readonly message: (field: number, write: () => void) => void;
  readonly attributes: (field: number, pairs: readonly KeyValue[]) => void;
}

function writeMetric(write: Write, { name, description, unit, gauge, sum, histogram }: OtlpMetric): void {
  const { writer, message } = write;
  writer.text(1, name);
  writer.text(2, description);
  writer.text(3, unit);
  if (gauge) message(5, () => writePoints(write, gauge.dataPoints));
  if (sum)
    message(7, () => {
      writePoints(write, sum.dataPoints);
      writer.varint(2, sum.aggregationTemporality);
      writer.varint(3, 1);
    });
  if (histogram)
    message(9, () => {
      for (const point of histogram.dataPoints) message(1, () => writeHistogram(write, point));
      writer.varint(2, histogram.aggregationTemporality);
    });
}

function writePoints({ writer, message, attributes }: Write, points: readonly NumberPoint[]): void {
  for (const point of points)
    message(1, () => {
      writer.fixed64(2, BigInt(point.startTimeUnixNano));
      writer.fixed64(3, BigInt(point.timeUnixNano));
      writer.double(4, point.asDouble);
      attributes(7, point.attributes);
    });
}

function writeHistogram({ writer, message, attributes }: Write, point: HistogramPoint): void {
  writer.fixed64(2, BigInt(point.startTimeUnixNano));
  writer.fixed64(3, BigInt(point.timeUnixNano));
  writer.fixed64(4, BigInt(point.count));
  writer.double(5, point.sum);
  message(6, () => {
    for (const count of point.bucketCounts) writer.packedFixed64(BigInt(count));
  });
  message(7, () => {
    for (const bound of point.explicitBounds) writer.packedDouble(bound);
  });
  for (const { timeUnixNano, asDouble, traceId } of point.exemplars)
    message(8, () => {
      writer.fixed64(2, BigInt(timeUnixNano));
      writer.double(3, asDouble);
      writer.bytes(5, Buffer.from(traceId, 'hex'));
    });
  attributes(9, point.attributes);
}
