import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import type { Tracing } from '../../config/sections/tracing.ts';
import type { RequestTrace, TracePlace, Tracer } from '../../shared/trace.ts';
import type { Logger } from '../logger.ts';
import { CollectorConnection, type CollectorOptions } from '../otlp/collector-connection.ts';
import { INSTANCE_ID } from '../otlp/instance-id.ts';
import { encodeHead } from './encode-spans.ts';
import { ExportLog } from './export-log.ts';
import { randomWord, randomWords, spanIdIn, traceIdIn, traceParentOf, wordsOf } from './ids.ts';
import { type IncomingContext, Propagation } from './propagation.ts';
import { RecordedTrace, type TraceSettings } from './recorded-trace.ts';
import { Sampler } from './sampler.ts';
import { spanSender } from './send-spans.ts';
import { SpanBatches } from './span-batches.ts';

export interface TracerOptions {
  readonly settings: Tracing;
  /** The version of Headgate. */
  readonly version: string;
  readonly logger: Logger;
  /** The interval of lines about a collector that keeps failing, in milliseconds. */
  readonly summaryMs: number;
  /** How long `close` waits for the collector, in milliseconds. */
  readonly closeMs: number;
  readonly tls?: CollectorOptions['tls'];
  readonly openPool: CollectorOptions['openPool'];
}

/** Opens what records traces and sends them to a collector. This file and what it imports is loaded only where traces are on. */
export function openTracer({ settings, version, logger, summaryMs, closeMs, tls, openPool }: TracerOptions): Tracer {
  const { otlp, common } = settings;
  const propagation = new Propagation(settings.propagation);
  const sampler = new Sampler(common);
  const { batch_processor: batch } = otlp;
  const { origin } = new URL(otlp.endpoint);
  const log = new ExportLog(logger, origin, summaryMs);
  const head = encodeHead(resourceAttributes(common, version), { name: 'headgate', version });
  const connection = new CollectorConnection({
    url: otlp.endpoint,
    headers: otlp.http.headers,
    contentType: 'application/x-protobuf',
    compression: otlp.compression,
    timeout: batch.max_export_timeout,
    tls,
    openPool,
  });
  const send = spanSender(connection, batch.max_export_timeout);
  const sizes = { maxQueueSize: batch.max_queue_size, maxBatchSize: batch.max_export_batch_size };
  const batches = new SpanBatches({ delayMs: batch.scheduled_delay, ...sizes }, head, send, log);
  const shared: TraceSettings = {
    propagation,
    maxAttributes: common.max_attributes_per_span,
    maxLinks: common.max_links_per_span,
    recordsDocuments: common.graphql_document,
    spans: batches,
  };
  return {
    begin(headers, isTrusted, startedAt) {
      const incoming = propagation.read(headers);
      const ofParent = sampler.ofParent(incoming, isTrusted);
      const chosen = isTrusted ? (incoming.parent?.traceId ?? incoming.traceId) : undefined;
      if (ofParent === undefined && sampler.needsName)
        return new RecordedTrace(shared, incoming, startedAt, (name) => sampler.decide(chosen, name));
      const isSampled = ofParent ?? sampler.decide(chosen);
      return isSampled ? new RecordedTrace(shared, incoming, startedAt) : new UnrecordedTrace(propagation, incoming);
    },
    async close() {
      await batches.close(closeMs);
      connection.close();
      log.flush();
    },
  };
}

/** A trace of which only the context is passed on. */
class UnrecordedTrace implements RequestTrace {
  readonly isSampled = false;
  readonly spans = undefined;
  readonly #propagation: Propagation;
  readonly #incoming: IncomingContext;
  #traceParent: string | undefined;
  #headers: readonly string[] | undefined;

  constructor(propagation: Propagation, incoming: IncomingContext) {
    this.#propagation = propagation;
    this.#incoming = incoming;
  }

  get traceId(): string {
    return traceIdIn(this.#place);
  }

  get spanId(): string {
    return spanIdIn(this.#place);
  }

  get headers(): readonly string[] {
    this.#headers ??= this.#propagation.write(this.#place, false, this.#incoming.traceState);
    return this.#headers;
  }

  join(_other: TracePlace | undefined): void {}

  end(): void {}

  get #place(): string {
    if (this.#traceParent === undefined) {
      const { parent, traceId = parent?.traceId } = this.#incoming;
      const words = traceId === undefined ? randomWords() : wordsOf(traceId);
      this.#traceParent = traceParentOf(words, randomWord(), randomWord() || 1, false);
    }
    return this.#traceParent;
  }
}

function resourceAttributes(common: Tracing['common'], version: string) {
  return {
    'service.instance.id': INSTANCE_ID,
    ...common.resource,
    ...(common.service_namespace !== undefined && { 'service.namespace': common.service_namespace }),
    [ATTR_SERVICE_NAME]: common.service_name,
    [ATTR_SERVICE_VERSION]: common.service_version ?? version,
  };
}
