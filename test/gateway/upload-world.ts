import { createHash } from 'node:crypto';
import {
  Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import { buildSchema } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { onTestFinished } from 'vitest';
import { type HttpWorld, httpWorld } from './http-world.ts';

const FILES = `
  scalar Upload
  type Query { ready: Boolean measure(file: Upload): Int }
  type Mutation {
    store(file: Upload!, title: String): Stored
    storeAll(files: [Upload!]!): [Stored!]!
    storeInput(input: StoreInput!): Stored
    storeMaybe(file: Upload): String
  }
  input StoreInput { title: String cover: Upload parts: [Upload!] }
  type Stored { name: String type: String size: Int sha: String title: String parts: [String!] }
`;

const NOTES = `
  scalar Upload
  type Query { notes: Int }
  type Mutation { attach(file: Upload!): String note(text: String): String }
`;

async function stored(file: File, title?: string) {
  const bytes = Buffer.from(await file.arrayBuffer());
  return { name: file.name, type: file.type, size: bytes.length, sha: sha(bytes), title: title ?? null };
}

/** Returns a digest that tells contents from each other. */
export function sha(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 12);
}

type Resolver = (args: never) => unknown;

/** A real GraphQL server that takes files. */
function yogaFor(sdl: string, resolvers: Readonly<Record<string, unknown>>): RequestListener {
  const schema = buildSchema(sdl);
  for (const type of [schema.getQueryType(), schema.getMutationType()])
    for (const field of Object.values(type?.getFields() ?? {})) {
      const own = resolvers[field.name];
      field.resolve = typeof own === 'function' ? (_root, args) => (own as Resolver)(args as never) : () => own;
    }
  return createYoga({ schema, logging: false, maskedErrors: false });
}

const RESOLVERS = {
  ready: true,
  measure: async ({ file }: { file: File | null }) => (file === null ? -1 : (await file.arrayBuffer()).byteLength),
  store: ({ file, title }: { file: File; title?: string }) => stored(file, title),
  storeAll: ({ files }: { files: File[] }) => Promise.all(files.map((file) => stored(file))),
  storeInput: async ({ input }: { input: { title?: string; cover: File | null; parts?: File[] } }) => ({
    ...(input.cover ? await stored(input.cover, input.title) : { title: input.title }),
    parts: await Promise.all((input.parts ?? []).map((part) => part.text())),
  }),
  storeMaybe: ({ file }: { file: unknown }) => (file === null || file === undefined ? 'none' : 'some'),
};

/** The subgraph that stores files, for other gateways than that of {@link uploadWorld}. */
export function storingSubgraph(): { readonly sdl: string; readonly listener: RequestListener } {
  return { sdl: FILES, listener: yogaFor(FILES, RESOLVERS) };
}

export interface UploadWorld extends HttpWorld {
  readonly url: string;
}

/** Two subgraphs that take files, as GraphQL Yoga serves them, and the whole gateway before them. */
export async function uploadWorld(config: Record<string, unknown> = {}): Promise<UploadWorld> {
  const { file_upload = {}, ...others } = config;
  const world = await httpWorld(
    { files: { typeDefs: FILES }, notes: { typeDefs: NOTES } },
    { config: { file_upload: { enabled: true, ...(file_upload as object) }, ...others } },
  );
  world.behave('files', storingSubgraph().listener);
  world.behave(
    'notes',
    yogaFor(NOTES, {
      notes: 1,
      attach: async ({ file }: { file: File }) => `attached ${await file.text()}`,
      note: ({ text }: { text: string }) => `noted ${text}`,
    }),
  );
  return { ...world, url: world.server.url };
}

export interface SentFile {
  readonly name: string;
  readonly content: string | Buffer;
  readonly filename?: string;
  readonly type?: string;
}

export interface MultipartParts {
  readonly operations: unknown;
  readonly map: unknown;
  readonly files?: readonly SentFile[];
}

export const BOUNDARY = 'limit-of-the-parts';

/** Returns a body by the GraphQL multipart request specification, with the given boundary. */
export function multipart({ operations, map, files = [] }: MultipartParts): Buffer {
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return Buffer.concat([
    field('operations', text(operations)),
    field('map', text(map)),
    ...files.map(filePart),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ]);
}

export function field(name: string, value: string): Buffer {
  return Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
}

export function filePart({ name, content, filename = `${name}.txt`, type = 'text/plain' }: SentFile): Buffer {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: ${type}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(content), Buffer.from('\r\n')]);
}

export const HEADERS = {
  'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
  'apollo-require-preflight': 'true',
};

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
  readonly body: any;
  readonly headers: IncomingMessage['headers'];
}

export interface OpenUpload {
  readonly answer: Promise<Answer>;
  readonly req: ClientRequest;
  /** Resolves when the piece has been given to the system. */
  write(piece: Buffer): Promise<void>;
}

/** Connections that stay open; closed when the test ends. */
export function keptAlive(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return agent;
}

/** Begins a request whose body is written later. Without `content-length`, it is chunked. */
export function openUpload(url: string, headers: Record<string, string> = HEADERS, agent?: Agent): OpenUpload {
  const req = httpRequest(url, {
    method: 'POST',
    headers: { accept: 'application/json', ...headers },
    agent: agent ?? false,
  });
  const answer = new Promise<Answer>((resolve, reject) => {
    req.on('response', async (res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of res) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      resolve({ status: res.statusCode ?? 0, body: JSON.parse(text), headers: res.headers });
    });
    req.on('error', reject);
  });
  answer.catch(() => {});
  return { answer, req, write: (piece) => new Promise((resolve) => req.write(piece, () => resolve())) };
}

/** Posts a body in pieces, each when the former has been written. */
export async function send(
  url: string,
  pieces: Buffer | readonly Buffer[],
  headers: Record<string, string> = HEADERS,
): Promise<Answer> {
  const { answer, req, write } = openUpload(url, headers);
  for (const piece of Buffer.isBuffer(pieces) ? [pieces] : pieces) await write(piece);
  req.end();
  return answer;
}

/** Posts a request with files. */
export function upload(url: string, parts: MultipartParts, headers: Record<string, string> = HEADERS): Promise<Answer> {
  return send(url, multipart(parts), headers);
}
