import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from 'graphql';
import { onTestFinished } from 'vitest';
import { type ApiSettings, apiSettings, connectorsSection } from '../../../src/config/sections/connectors.ts';
import { Cancellation } from '../../../src/sources/cancellation.ts';
import { createRestSource, type RestSourceOptions } from '../../../src/sources/rest/rest-source.ts';
import type { ClientContext, Source, SourceRequest, SubgraphResponse } from '../../../src/sources/source.ts';
import { responseText } from '../response-text.ts';

interface Call {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly bytes: Buffer;
}

/** What the stub answers: JSON with status 200, or whatever the function writes. */
type Reply = unknown | ((response: ServerResponse) => void);

export interface StubApi {
  readonly url: string;
  readonly calls: Call[];
  /** `GET /users/1`, in the order in which they came. */
  readonly lines: () => string[];
}

/** A REST API that answers as `handler` says and remembers what it was asked; closed when the test is over. */
export async function stubApi(handler: (call: Call) => Reply): Promise<StubApi> {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const call = await readCall(request);
    calls.push(call);
    const reply = handler(call);
    if (typeof reply === 'function') reply(response);
    else json(200, reply)(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, calls, lines: () => calls.map(({ method, url }) => `${method} ${url}`) };
}

async function readCall(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: String(bytes), bytes };
}

export function json(status: number, value: unknown): (response: ServerResponse) => void {
  return text(status, 'application/json', JSON.stringify(value));
}

export function text(status: number, type: string, body: string): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(status, { 'content-type': type });
    response.end(body);
  };
}

export const NO_LIMITS: ApiSettings = apiSettings(connectorsSection.parse({}), 'shop', undefined);

/** The source of a schema file whose `@source(name: "api")` is the stub. */
export function restSource(api: StubApi, sdl: string, options: Partial<RestSourceOptions> = {}): Source {
  const source = createRestSource({
    name: 'shop',
    sdl: `extend schema @source(name: "api", http: {baseURL: "${api.url}"})\n${sdl}`,
    settingsOf: () => NO_LIMITS,
    env: {},
    ...options,
  });
  onTestFinished(() => source.close());
  return source;
}

export interface Asked {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { message: string; path?: unknown[]; extensions: Record<string, unknown> }[];
}

export function aClient(headers: Record<string, string> = {}): ClientContext {
  return { requestId: 'r1', headers, signal: new Cancellation() };
}

/** What the source answers to a query of a client. */
export async function ask(
  source: Source,
  query: string,
  variables: Record<string, unknown> = {},
  client: ClientContext = aClient(),
  more: Pick<SourceRequest, 'event'> = {},
): Promise<Asked> {
  const document = parse(query).definitions[0];
  const operationType = document?.kind === 'OperationDefinition' ? document.operation : 'query';
  const body = JSON.stringify({ query, variables });
  const answer = await new Promise<SubgraphResponse>((done) =>
    source.send({ body, operationType, client, ...more }, done),
  );
  if (answer.kind === 'failure') throw new Error(answer.failure.message);
  return JSON.parse(responseText(answer));
}

/** What the source answers for entities of one type. */
export async function askEntities(
  source: Source,
  type: string,
  selection: string,
  keys: readonly Record<string, unknown>[],
  client?: ClientContext,
): Promise<Asked> {
  const representations = keys.map((key) => ({ __typename: type, ...key }));
  const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on ${type} { ${selection} } } }`;
  return ask(source, query, { r: representations }, client);
}
