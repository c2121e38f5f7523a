import { parseJson } from '../../shared/exact-json.ts';
import { isRecord } from '../accept.ts';
import { describe, isStatus } from '../call-hooks.ts';
import { CoprocessorError } from './call-service.ts';

/** The stages of Apollo Router's protocol. */
export type StageName =
  | `${'Router' | 'Supergraph' | 'Execution' | 'Subgraph'}Request`
  | `${'Router' | 'Supergraph' | 'Execution' | 'Subgraph'}Response`;

/** Headers by name, in lower case, each with its values. */
export type HeaderLists = Readonly<Record<string, readonly string[]>>;

/** What is sent. Members that the config does not name are missing. */
export interface StagePayload {
  readonly version: 1;
  readonly stage: StageName;
  readonly control: 'continue';
  readonly id: string;
  readonly subgraphRequestId?: string | undefined;
  readonly headers?: HeaderLists | undefined;
  readonly body?: unknown;
  readonly context?: { readonly entries: Readonly<Record<string, unknown>> } | undefined;
  readonly sdl?: string | undefined;
  readonly path?: string | undefined;
  readonly method?: string | undefined;
  readonly uri?: string | undefined;
  readonly serviceName?: string | undefined;
  readonly statusCode?: number | undefined;
  readonly hasNext?: boolean | undefined;
}

/** What the coprocessor returns. A missing member leaves what it stands for unchanged. */
export interface StageAnswer {
  /** The status with which the stage ends. */
  readonly breakStatus: number | undefined;
  readonly headers: HeaderLists | undefined;
  readonly body: unknown;
  readonly entries: Readonly<Record<string, unknown>> | undefined;
  readonly statusCode: number | undefined;
}

/** Members that a coprocessor must not change. */
const FIXED = ['version', 'stage', 'id', 'subgraphRequestId', 'serviceName'] as const;

/** Reads a response. Throws `CoprocessorError` for one that the protocol does not allow. */
export function readAnswer(text: string, sent: StagePayload): StageAnswer {
  const answer = parse(text);
  if (!isRecord(answer)) return wrong(`it returned ${describe(answer)}; expected a JSON object`);
  for (const name of FIXED) {
    const value = answer[name];
    if (value != null && value !== sent[name])
      return wrong(`it changed "${name}", which must stay ${JSON.stringify(sent[name] ?? null)}`);
  }
  const { headers, body, context, statusCode } = answer;
  if (statusCode != null && !isStatus(statusCode))
    return wrong(`its "statusCode" is ${describe(statusCode)}; expected a number from 200 to 599`);
  return {
    breakStatus: breakStatusOf(answer.control),
    headers: headers == null ? undefined : headersOf(headers),
    body: body ?? undefined,
    entries: context == null ? undefined : entriesOf(context),
    statusCode: statusCode ?? undefined,
  };
}

/** Returns what a broken stage responds with: a text is the message of an error. */
export function brokenBody(body: unknown): Readonly<Record<string, unknown>> {
  if (isRecord(body)) return body;
  if (typeof body === 'string') {
    const parsed = parsedOrUndefined(body);
    return isRecord(parsed) ? parsed : { errors: [{ message: body, extensions: { code: 'ERROR' } }] };
  }
  if (body === undefined) return { errors: [{ message: 'The request was refused.', extensions: { code: 'ERROR' } }] };
  return wrong(`its "body" is ${describe(body)}; expected an object or a text`);
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    return wrong(`its response is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

function parsedOrUndefined(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function breakStatusOf(control: unknown): number | undefined {
  if (control == null || (typeof control === 'string' && control.toLowerCase() === 'continue')) return undefined;
  const status = isRecord(control) ? (control.break ?? control.Break) : undefined;
  if (isStatus(status)) return status;
  return wrong('its "control" is not valid; expected "continue" or { "break": 400 }, with a status from 200 to 599');
}

function headersOf(headers: unknown): HeaderLists {
  if (!isRecord(headers)) return wrong(`its "headers" are ${describe(headers)}; expected an object with lists`);
  const lists = Object.entries(headers).map(([name, value]) => {
    const list = Array.isArray(value) ? value : [value];
    if (list.some((one) => typeof one !== 'string')) wrong(`its header "${name}" is not a list of texts`);
    return [name.toLowerCase(), list as string[]] as const;
  });
  checkHeaders(lists);
  return Object.fromEntries(lists);
}

/** Throws for headers that cannot be sent. */
function checkHeaders(lists: readonly (readonly [string, readonly string[]])[]): void {
  const headers = new Headers();
  for (const [name, values] of lists) {
    try {
      for (const value of values) headers.append(name, value);
    } catch {
      wrong(`its header ${JSON.stringify(name.slice(0, 100))} is not valid`);
    }
  }
}

function entriesOf(context: unknown): Readonly<Record<string, unknown>> {
  const entries = isRecord(context) ? (context.entries ?? {}) : undefined;
  return isRecord(entries) ? entries : wrong('its "context" has no object "entries"');
}

/** Throws a `CoprocessorError`. */
export function wrong(message: string): never {
  throw new CoprocessorError(message);
}
