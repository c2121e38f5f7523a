import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { expect, onTestFinished } from 'vitest';

/** The messages of OTLP for traces, with the field numbers of opentelemetry-proto. */
const PROTO = `
syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
message Scope { string name = 1; string version = 2; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue {
  oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; }
}
message ArrayValue { repeated AnyValue values = 1; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  uint32 dropped_attributes_count = 10; repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15; fixed32 flags = 16;
}
message Link { bytes trace_id = 1; bytes span_id = 2; }
message Status { string message = 2; int32 code = 3; }
`;

const Request = protobuf.parse(PROTO, { keepCase: false }).root.lookupType('Request');

export const KINDS = { internal: 1, server: 2, client: 3 } as const;

/** A span as the collector got it. */
export interface Collected {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  readonly kind: number;
  /** In nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 2 for an error. */
  readonly status: { readonly code: number; readonly message: string };
  readonly droppedAttributes: number;
  readonly droppedLinks: number;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface Collector {
  readonly url: string;
  readonly spans: Collected[];
  /** The bodies of all exports. */
  readonly bodies: Buffer[];
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  /** Waits for the server span of a number of requests, and returns all spans of the last one's trace. */
  trace(requests?: number): Promise<Trace>;
  /** Answers like this from now on, in place of 200. */
  behave(listener: RequestListener | undefined): void;
}

/** The spans of one trace. */
export interface Trace {
  readonly all: readonly Collected[];
  readonly root: Collected;
  /** The one span with this name. */
  one(name: string): Collected;
  named(name: string): readonly Collected[];
  children(of: Collected): readonly Collected[];
  /** Names, indented by depth, in the order of their start. */
  tree(): string[];
}

/** An OTLP collector: an HTTP server that decodes what it gets. */
export async function startCollector(): Promise<Collector> {
  const spans: Collected[] = [];
  const bodies: Buffer[] = [];
  const requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  let behaviour: RequestListener | undefined;
  const server = createServer(async (req, res) => {
    if (behaviour) return behaviour(req, res);
    const sent = await bytesOf(req);
    const body = req.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    bodies.push(body);
    requests.push({ path: req.url ?? '', headers: req.headers });
    spans.push(...decode(body));
    res.setHeader('content-type', 'application/x-protobuf').end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const servers = () => spans.filter(({ kind }) => kind === KINDS.server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    requests,
    async trace(count = 1) {
      await expect.poll(() => servers().length, { timeout: 20_000 }).toBe(count);
      return traceOf(spans, servers()[count - 1] as Collected);
    },
    behave: (listener) => {
      behaviour = listener;
    },
  };
}

async function bytesOf(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly [kind: string]: unknown };
}

function decode(body: Buffer): Collected[] {
  // biome-ignore lint/suspicious/noExplicitAny: decoded by a schema that is given as text
  const message: any = Request.toObject(Request.decode(body), { longs: String, defaults: true });
  // biome-ignore lint/suspicious/noExplicitAny: as above
  return message.resourceSpans.flatMap(({ resource, scopeSpans }: any) =>
    // biome-ignore lint/suspicious/noExplicitAny: as above
    scopeSpans.flatMap(({ spans }: any) =>
      // biome-ignore lint/suspicious/noExplicitAny: as above
      spans.map((span: any) => ({
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentId: hex(span.parentSpanId),
        name: span.name,
        kind: span.kind,
        start: BigInt(span.startTimeUnixNano),
        end: BigInt(span.endTimeUnixNano),
        attributes: attributesOf(span.attributes),
        // biome-ignore lint/suspicious/noExplicitAny: as above
        links: span.links.map((link: any) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
        status: span.status ?? { code: 0, message: '' },
        droppedAttributes: span.droppedAttributesCount,
        droppedLinks: span.droppedLinksCount,
        resource: attributesOf(resource.attributes),
      })),
    ),
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function attributesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, anyValue(value)]));
}

function anyValue({ value: kind, ...value }: { readonly [kind: string]: unknown }): unknown {
  const [[name, given] = ['', undefined]] = Object.entries(value);
  if (name === 'arrayValue') return (given as { values: { [kind: string]: unknown }[] }).values.map(anyValue);
  return name === 'intValue' ? Number(given) : given;
}

function traceOf(spans: readonly Collected[], root: Collected): Trace {
  const all = spans.filter(({ traceId }) => traceId === root.traceId);
  const named = (name: string) => all.filter((span) => span.name === name);
  const children = (of: Collected) =>
    all.filter(({ parentId }) => parentId === of.spanId).sort((a, b) => Number(a.start - b.start));
  const tree = (of: Collected, depth: number): string[] => [
    `${'  '.repeat(depth)}${of.name}`,
    ...children(of).flatMap((child) => tree(child, depth + 1)),
  ];
  return {
    all,
    root,
    named,
    children,
    tree: () => tree(root, 0),
    one(name) {
      const found = named(name);
      expect(found.map((span) => span.name)).toEqual([name]);
      return found[0] as Collected;
    },
  };
}
