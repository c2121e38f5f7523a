/**
 * First part of every generated client. It only needs `fetch`: browsers, React Native, Node, Deno, Bun. Names that are not
 * exported start with `$`, and constants of endpoints end with it, so that they differ from endpoints and types.
 */
export const RUNTIME = `/** Options of a call. */
export interface CallOptions {
  /** URL of the gateway: \`https://api.example.com\`. Not needed in pages of the same origin. */
  readonly baseUrl?: string;
  /** Request headers: \`{ authorization: 'Bearer …' }\`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** For mutations: requests with the same key are executed once. */
  readonly idempotencyKey?: string;
  /** \`include\` also sends cookies to other origins. */
  readonly credentials?: 'omit' | 'same-origin' | 'include';
  /** Default: the platform's \`fetch\`. */
  readonly fetch?: (url: string, init: object) => Promise<FetchedAnswer>;
}

/** Options of an endpoint that requires an idempotency key. */
export type KeyedOptions = CallOptions & { readonly idempotencyKey: string };

/** The parts of the platform's \`Response\` that are used. */
export interface FetchedAnswer {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: { get(name: string): string | null };
  /** A stream of bytes. Without it, a streamed response is read as a whole. */
  readonly body?: unknown;
  json(): Promise<unknown>;
  text(): Promise<string>;
}

export interface Result<Answer> {
  readonly data: Answer;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
}

/** The received part of a streamed response. */
export interface AnswerSoFar<Answer> {
  /** All data received so far, without pending sections. A new object each time. */
  readonly data: Partial<Answer>;
  /** Path of the section that was just received; missing for the first part. */
  readonly path?: ReadonlyArray<string>;
}

/** One event of a subscription: its data, or the problem because of which it has none. */
export interface ReceivedEvent<Answer> {
  readonly data?: Answer;
  readonly problem?: Problem;
  /** Whether events before it may be missing. */
  readonly mayHaveMissedEvents?: boolean;
  /** Send it as the header \`last-event-id\` to go on after this event. Missing where the source of the events cannot. */
  readonly id?: string;
}

/** A section that failed alone: \`data.meta?.partial\`. */
export interface PartialFailure {
  /** Path in the response: keys, and list indexes as strings. */
  readonly path: ReadonlyArray<string>;
  readonly code: string;
  readonly message: string;
}

/** Only present if a section failed alone. */
export interface AnswerMeta {
  readonly partial: ReadonlyArray<PartialFailure>;
}

/** One error, in a parameter or in the response. */
export interface ProblemEntry {
  readonly parameter?: string;
  readonly in?: string;
  readonly given?: unknown;
  readonly expected?: string;
  readonly path?: ReadonlyArray<string>;
  readonly code?: string;
  readonly message?: string;
}

/** Problem details (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly instance?: string;
  readonly errors?: ReadonlyArray<ProblemEntry>;
}

/** Thrown for every unsuccessful response. */
export class ProblemError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = 'ProblemError';
    this.status = status;
    this.problem = problem;
  }
}

interface $Endpoint {
  readonly method: string;
  readonly path: string;
  /** Location and name of each parameter in the request. */
  readonly places: Readonly<Record<string, readonly ['path' | 'query' | 'header' | 'body', string]>>;
  readonly needsKey?: boolean;
}

type $Given = Readonly<Record<string, unknown>>;

async function $call<Answer>(endpoint: $Endpoint, given: object, options?: CallOptions): Promise<Result<Answer>> {
  const answer = await $send(endpoint, given as $Given, options, 'application/json');
  return { data: (await answer.json()) as Answer, status: answer.status, headers: answer.headers };
}

async function* $stream<Answer>(
  endpoint: $Endpoint,
  given: object,
  options?: CallOptions,
): AsyncGenerator<AnswerSoFar<Answer>, void, undefined> {
  const answer = await $send(endpoint, given as $Given, options, 'text/event-stream');
  // nothing more to receive: \`last-event-id\` in \`headers\` named the last event
  if (answer.status === 204) return;
  if (!(answer.headers.get('content-type') ?? '').includes('text/event-stream')) {
    yield { data: (await answer.json()) as Partial<Answer> };
    return;
  }
  let data: unknown = {};
  for await (const [event, text] of $events(answer)) {
    if (event === 'done') return;
    const piece = text === '' ? {} : (JSON.parse(text) as $Given);
    if (event === 'answer') {
      data = piece;
      yield { data: data as Partial<Answer> };
    } else if (event === 'section') {
      const path = piece['path'] as string[];
      data = $withFailures($withValue(data, path, piece['data']), piece['meta'] as AnswerMeta | undefined);
      yield { data: data as Partial<Answer>, path };
    }
  }
  throw new Error('The response ended unexpectedly.');
}

/** Throws \`ProblemError\` where the gateway ends the events with a problem, and \`Error\` where they are interrupted. */
async function* $subscribe<Answer>(
  endpoint: $Endpoint,
  given: object,
  options?: CallOptions,
): AsyncGenerator<ReceivedEvent<Answer>, void, undefined> {
  const answer = await $send(endpoint, given as $Given, options, 'text/event-stream');
  // nothing more to receive: \`last-event-id\` in \`headers\` named the last event
  if (answer.status === 204) return;
  let facts: { readonly mayHaveMissedEvents?: boolean } = {};
  for await (const [event, text, id] of $events(answer)) {
    if (event === 'done') return;
    if (event === 'missed') facts = { mayHaveMissedEvents: true };
    if (event !== 'next' && event !== 'problem' && event !== 'failed') continue;
    const value = JSON.parse(text) as unknown;
    if (event === 'failed') throw new ProblemError((value as Problem).status, value as Problem);
    const content = event === 'next' ? { data: value as Answer } : { problem: value as Problem };
    yield { ...content, ...facts, ...(id !== undefined && { id }) };
    facts = {};
  }
  throw new Error('The events were interrupted.');
}

type $Event = readonly [event: string, data: string, id: string | undefined];

async function* $events(answer: FetchedAnswer): AsyncGenerator<$Event, void, undefined> {
  let rest = '';
  for await (const text of $texts(answer)) {
    const blocks = (rest + text).split(/\\r?\\n\\r?\\n/);
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = block.split(/\\r?\\n/).map((line) => /^(event|data|id): ?(.*)$/.exec(line));
      const valuesOf = (name: string) => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []));
      yield [valuesOf('event').at(-1) ?? 'message', valuesOf('data').join('\\n'), valuesOf('id').at(-1)];
    }
  }
}

async function* $texts(answer: FetchedAnswer): AsyncGenerator<string, void, undefined> {
  const body = answer.body as { getReader?(): $Reader } | null | undefined;
  const reader = body?.getReader?.();
  if (reader === undefined) {
    yield await answer.text();
    return;
  }
  const decoder = new (globalThis as unknown as $Platform).TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

interface $Reader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

interface $Platform {
  readonly fetch: NonNullable<CallOptions['fetch']>;
  readonly TextDecoder: new () => { decode(bytes: Uint8Array | undefined, options: { stream: boolean }): string };
}

function $withValue(data: unknown, [key, ...path]: readonly string[], value: unknown): unknown {
  if (key === undefined || typeof data !== 'object' || data === null) return key === undefined ? value : data;
  return { ...data, [key]: $withValue((data as $Given)[key], path, value) };
}

function $withFailures(data: unknown, more: AnswerMeta | undefined): unknown {
  if (more === undefined) return data;
  const { meta } = data as { readonly meta?: AnswerMeta };
  return { ...(data as $Given), meta: { partial: [...(meta?.partial ?? []), ...more.partial] } };
}

/** Throws \`ProblemError\` for an unsuccessful response, and \`TypeError\` for parameters that cannot be sent. */
async function $send(
  endpoint: $Endpoint,
  given: $Given,
  shared: CallOptions | undefined,
  accept: string,
): Promise<FetchedAnswer> {
  const own = given as CallOptions;
  const signal = own.signal ?? shared?.signal;
  const credentials = own.credentials ?? shared?.credentials;
  const key = own.idempotencyKey ?? shared?.idempotencyKey;
  if (endpoint.needsKey && !key) throw new TypeError(\`\${endpoint.method} \${endpoint.path} needs an idempotencyKey.\`);
  const headers: Record<string, string> = { accept, ...shared?.headers, ...own.headers };
  if (key !== undefined) headers['idempotency-key'] = key;
  const { url, body } = $request(endpoint, given, headers);
  const send = own.fetch ?? shared?.fetch ?? (globalThis as unknown as $Platform).fetch;
  const answer = await send((own.baseUrl ?? shared?.baseUrl ?? '') + url, {
    method: endpoint.method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
    ...(credentials && { credentials }),
  });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => undefined);
  throw new ProblemError(
    answer.status,
    (problem as Problem | undefined) ?? { type: 'about:blank', title: 'The response is not JSON', status: answer.status },
  );
}

function $request({ path, places }: $Endpoint, given: $Given, headers: Record<string, string>) {
  const query: string[] = [];
  let body: Record<string, unknown> | undefined;
  let url = path;
  for (const [property, [place, name]] of Object.entries(places)) {
    const value = given[property];
    if (place === 'path') url = url.replace(\`{\${name}}\`, $segment(property, value));
    else if (value === undefined || (value === null && place !== 'body')) continue;
    else if (place === 'header') headers[name] = Array.isArray(value) ? value.map($text).join(', ') : $text(value);
    else if (place === 'body') (body ??= Object.create(null) as Record<string, unknown>)[name] = value;
    else for (const one of Array.isArray(value) ? value : [value]) query.push(\`\${encodeURIComponent(name)}=\${encodeURIComponent($text(one))}\`);
  }
  if (body !== undefined) headers['content-type'] = 'application/json';
  return { url: query.length > 0 ? \`\${url}?\${query.join('&')}\` : url, body };
}

/** Returns one path segment. "." and "..", encoded or not, would lead to another path. */
function $segment(property: string, value: unknown): string {
  if (value === undefined || value === null) throw new TypeError(\`"\${property}" is missing: it is part of the path.\`);
  const parts = (Array.isArray(value) ? value : [value]).map((one) => encodeURIComponent($text(one)));
  const text = parts.join(',');
  if (text !== '' && text !== '.' && text !== '..') return text;
  throw new TypeError(\`"\${property}" cannot be "\${text}": it is part of the path.\`);
}

function $text(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
`;
