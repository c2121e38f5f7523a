import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  buildSchema,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  printSchema,
  validate,
} from 'graphql';
import { onTestFinished } from 'vitest';
import { type Bff, type BffOptions, createBff } from '../../src/bff/bff.ts';
import { NOTHING } from '../../src/client/depends-on.ts';
import type { Identity } from '../../src/client/identity.ts';
import { cors } from '../../src/http/middleware/cors.ts';
import { compose } from '../../src/http/middleware/middleware.ts';
import { RequestContext } from '../../src/http/request-context.ts';
import type { Engine, EngineRequest } from '../../src/pipeline/engine.ts';
import { SingleResult } from '../../src/pipeline/execution-result.ts';
import type { Supergraph } from '../../src/supergraph/supergraph.ts';
import { createWorld } from '../worlds/world.ts';

/** An engine that lets graphql-js execute over plain objects, which read nothing of a request, and remembers what it was asked. */
export interface FakeEngine extends Engine {
  readonly requests: EngineRequest[];
}

export function engineOver(schema: string | GraphQLSchema, rootValue: object): FakeEngine {
  const publicSchema = typeof schema === 'string' ? buildSchema(schema) : schema;
  const requests: EngineRequest[] = [];
  let streaming: Engine | undefined;
  return {
    requests,
    publicSchema,
    dependsOn: () => NOTHING,
    dependsOnOncePlanned: () => NOTHING,
    canDedupe: ({ query }) => getOperationAST(parse(query))?.operation === 'query',
    supergraph: { publicSchema, types: new Map(), cacheControl: [], sdl: '' } as unknown as Supergraph,
    stream(request) {
      requests.push(request);
      streaming ??= realEngine(publicSchema, rootValue);
      return streaming.stream(request);
    },
    async execute(request): Promise<SingleResult> {
      requests.push(request);
      const document = parse(request.query);
      const invalid = validate(publicSchema, document);
      if (invalid.length > 0)
        return new SingleResult(
          undefined,
          invalid.map((e) => e.toJSON()),
          { refusal: 'validation' },
        );
      const result = await execute({
        schema: publicSchema,
        document,
        rootValue,
        variableValues: request.variables ?? {},
      });
      const errors = (result.errors ?? []).map((error) => error.toJSON());
      return new SingleResult(result.data === undefined ? undefined : JSON.stringify(result.data), errors);
    },
  };
}

/** The gateway's own engine, over one subgraph with the same data: graphql-js has no defer groups. */
function realEngine(schema: GraphQLSchema, rootValue: object): Engine {
  const fields = schema.getQueryType()?.getFields() ?? {};
  const entries = Object.entries(rootValue).filter(([field]) => Object.hasOwn(fields, field));
  const Query = Object.fromEntries(
    entries.map(([field, value]) => [
      field,
      (_: unknown, args: unknown) => (typeof value === 'function' ? value(args) : value),
    ]),
  );
  // composition does not know it, and no test streams it
  const typeDefs = printSchema(schema).replaceAll(' @oneOf', '');
  return createWorld({ subgraphs: { shop: { typeDefs, resolvers: { Query } } } }).engine;
}

/** What a resolver throws when the service behind it is in trouble. */
export function sourceError(code: string, message = 'The service "orders" failed.', service?: string): GraphQLError {
  return new GraphQLError(message, { extensions: service === undefined ? { code } : { code, service } });
}

/** A folder with these files, gone when the test is over. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-bff-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) write(dir, name, text);
  return dir;
}

export function write(dir: string, name: string, text: string): void {
  const file = join(dir, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

export interface EndpointResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  readonly json: any;
}

/** A BFF behind a real HTTP server on a free port; `call('/bff/…')` asks it. */
export async function serveBff(
  options: BffOptions,
): Promise<{ bff: Bff; origin: string; call: (path: string, init?: RequestInit) => Promise<EndpointResponse> }> {
  const bff = await createBff({ dev: true, ...options });
  const enter = compose([cors({ corsOf: bff.cors })], ({ req, res, headers }) => {
    for (const name in headers) res.setHeader(name, headers[name] ?? '');
    const facts = { ip: '192.0.2.1', identity: identityIn(req.headers['x-test-identity']) };
    if (!bff.handle(req, res, facts)) res.writeHead(418).end();
  });
  const server = createServer((req, res) => enter(new RequestContext(req, res)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  async function call(path: string, init?: RequestInit): Promise<EndpointResponse> {
    const response = await fetch(origin + path, init);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  }
  return { bff, origin, call };
}

/** What the gateway would have verified: a test says so in a header, `as({ sub: 'u1' })`. */
function identityIn(header: string | string[] | undefined): Identity | undefined {
  if (header === undefined) return undefined;
  const { scopes = [], kind = 'jwt', ...claims } = JSON.parse(String(header));
  return { kind, subject: claims.sub, scopes, claims };
}

/** Request headers of someone whose token has these claims. */
export function as(claims: Readonly<Record<string, unknown>>): Record<string, string> {
  return { 'x-test-identity': JSON.stringify(claims) };
}

/** The usual case: one folder, one engine. */
export async function serveFiles(
  files: Readonly<Record<string, string>>,
  engine: Engine,
): Promise<(path: string, init?: RequestInit) => Promise<EndpointResponse>> {
  const { call } = await serveBff({ dir: folderOf(files), engine: () => engine });
  return call;
}
