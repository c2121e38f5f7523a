import type { DebugJson } from '../shared/debug-trace.ts';
import { AlreadyReported, UsageError } from './failure.ts';
import { readVariables } from './plan.ts';
import { printTrace } from './print-trace.ts';
import { readGivenText } from './read-given-file.ts';
import { type Refusal, refusalOf } from './refusal.ts';

const CLIENT_NAME = 'graphql-client-name';

export interface ExplainFlags {
  /** A file, or `-` for standard input. Without it, the URL is that of an endpoint. */
  readonly query?: string;
  readonly operation?: string;
  /** JSON text. */
  readonly variables?: string;
  readonly url: string;
  /** `name: value` */
  readonly header?: readonly string[];
  /** The debug token. */
  readonly token?: string;
  /** A file with a response that has a debug trace, or `-`. */
  readonly response?: string;
  readonly format: 'text' | 'json';
}

/** A response with a debug trace: of an operation, of an endpoint, or a problem. */
interface TracedResponse {
  readonly extensions?: { readonly headgate?: DebugJson };
  readonly meta?: { readonly headgate?: DebugJson };
  readonly headgate?: DebugJson;
  readonly errors?: readonly { readonly message?: string; readonly extensions?: { readonly code?: string } }[];
  readonly detail?: string;
}

interface Explained {
  readonly trace: DebugJson;
  /** Why the response has no data. */
  readonly refusal: Refusal | undefined;
}

/**
 * `headgate explain`: runs an operation, or calls an endpoint, with a debug trace, and prints why its nulls are null; before that,
 * why a request was refused (exit 1). Throws `UsageError` where the gateway does not respond, or responds without a trace.
 */
export async function explain(flags: ExplainFlags): Promise<void> {
  const response = flags.response === undefined ? await request(flags) : await read(flags.response);
  const all = explainedOf(response);
  for (const { trace, refusal } of all) {
    const text = flags.format === 'json' ? JSON.stringify({ ...refusal, ...trace }, null, 2) : undefined;
    process.stdout.write(text === undefined ? printTrace(trace, refusal) : `${text}\n`);
  }
  if (all.some(({ refusal }) => refusal !== undefined)) throw new AlreadyReported();
}

function explainedOf(response: unknown): Explained[] {
  const all = (Array.isArray(response) ? response : [response]) as TracedResponse[];
  return all.map((one) => {
    const trace = one?.extensions?.headgate ?? one?.meta?.headgate ?? one?.headgate;
    if (trace !== undefined) return { trace, refusal: refusalOf(one, trace.nulls.length > 0) };
    const [error] = one?.errors ?? [];
    const code = error?.extensions?.code;
    const reason = error?.message ?? one?.detail ?? 'Send x-headgate-debug: trace with the request.';
    throw new UsageError(`The response has no debug trace. ${reason}${code === undefined ? '' : ` (${code})`}`);
  });
}

async function read(file: string): Promise<unknown> {
  const content = await readGivenText('response', file);
  return parsed(content, `--response: ${file === '-' ? 'standard input' : file}`);
}

async function request(flags: ExplainFlags): Promise<unknown> {
  if (!/^https?:/.test(flags.url) || !URL.canParse(flags.url))
    throw new UsageError(`--url: "${flags.url}" is not an http:// or https:// URL`);
  const target = new URL(flags.url);
  const body = await bodyOf(flags);
  if (body !== undefined && target.pathname === '/') target.pathname = '/graphql';
  const headers = headersOf(flags);
  if (body !== undefined) headers.set('content-type', 'application/json');
  const method = body === undefined ? 'GET' : 'POST';
  const response = await fetch(target, { method, headers, ...(body !== undefined && { body }) }).catch(
    (error: Error) => {
      const reason = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? error.message;
      throw new UsageError(
        `no gateway responds at ${target.origin} (${reason}). Start it, or name its URL with --url.`,
      );
    },
  );
  const leftOut = response.headers.get('x-headgate-debug');
  if (leftOut?.startsWith('left out')) throw new UsageError(`The debug trace was ${leftOut}.`);
  return parsed(await response.text(), `${target} (status ${response.status})`);
}

async function bodyOf({ query: file, operation, variables }: ExplainFlags): Promise<string | undefined> {
  if (file === undefined) {
    if (operation !== undefined || variables !== undefined)
      throw new UsageError('--operation and --variables need --query');
    return undefined;
  }
  const query = await readGivenText('query', file);
  return JSON.stringify({ query, operationName: operation, variables: readVariables(variables) });
}

function headersOf({ header = [], token = process.env.HEADGATE_DEBUG_TOKEN }: ExplainFlags): Headers {
  const headers = new Headers({ 'x-headgate-debug': 'trace' });
  if (token) headers.set('x-headgate-debug-token', token);
  for (const line of header) {
    const colon = line.indexOf(':');
    try {
      headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
    } catch {
      throw new UsageError(`--header: expected "name: value", such as "authorization: Bearer …", not "${line}"`);
    }
  }
  if (!headers.has(CLIENT_NAME)) headers.set(CLIENT_NAME, 'headgate-explain');
  return headers;
}

function parsed(content: string, where: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw new UsageError(`${where}: expected JSON, a response with a debug trace`);
  }
}
