import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { MetricsRequest, OtlpMetric } from '../../../src/telemetry/otlp/metrics-request.ts';
import { fakeSubgraph } from '../../sources/fake-subgraph.ts';
import { decodeMetrics } from './decode.ts';

/** One request that a collector has received, decoded. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly message: MetricsRequest;
}

/** A collector: an HTTP server that decodes what it receives, protobuf or JSON. Its end is that of the test. */
export async function startCollector(respond: (res: ServerResponse) => void = (res) => res.end()) {
  const received: Received[] = [];
  const { url } = await fakeSubgraph((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const sent = Buffer.concat(chunks);
      const body = req.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      const isJson = req.headers['content-type'] === 'application/json';
      const message = (isJson ? JSON.parse(body.toString()) : decodeMetrics(body)) as MetricsRequest;
      received.push({ path: req.url ?? '', headers: req.headers, message });
      respond(res);
    });
  });
  return { origin: new URL(url).origin, received };
}

/** The metric of a name in a request. */
export function metricOf({ message }: Pick<Received, 'message'>, name: string): OtlpMetric | undefined {
  const all = message.resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
  return all.find((metric) => metric.name === name);
}

/** The values of a counter or gauge by those of its attributes: `{"graphql 200": 3}`. */
export function valuesOf(metric: OtlpMetric | undefined): Record<string, number> {
  const points = (metric?.sum ?? metric?.gauge)?.dataPoints ?? [];
  return Object.fromEntries(
    points.map(({ attributes = [], asDouble }) => [
      attributes.map(({ value }) => value.stringValue).join(' '),
      asDouble,
    ]),
  );
}

/** The attributes of the process that has sent a request. */
export function resourceOf({ message }: Received): Record<string, string> {
  const attributes = message.resourceMetrics[0]?.resource.attributes ?? [];
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));
}
