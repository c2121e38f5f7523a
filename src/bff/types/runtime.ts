/**
 * What every generated client begins with. It needs `fetch` and nothing else: browsers, React Native, Node, Deno, Bun.
 * What is not exported begins with `$`, so that no endpoint and no type has the same name; the constant of an endpoint ends with it.
 */
export const RUNTIME = `/** How to call. */
export interface CallOptions {
  /** Where the gateway is: \`https://api.example.com\`. Not needed in pages of the same origin. */
  readonly baseUrl?: string;
  /** Sent along: \`{ authorization: 'Bearer …' }\`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** For endpoints that change something: with the same key, nothing is done a second time. */
  readonly idempotencyKey?: string;
  /** \`include\` sends cookies to other origins as well. */
  readonly credentials?: 'omit' | 'same-origin' | 'include';
  /** By default the one of the platform. */
  readonly fetch?: (url: string, init: object) => Promise<FetchedAnswer>;
}

/** How to call an endpoint that demands a key. */
export type KeyedOptions = CallOptions & { readonly idempotencyKey: string };

/** As much of the platform's \`Response\` as is used. */
export interface FetchedAnswer {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: { get(name: string): string | null };
  /** A stream of bytes. Without it, an answer that comes in pieces is read as a whole. */
  readonly body?: unknown;
  json(): Promise<unknown>;
  text(): Promise<string>;
}

export interface Result<Answer> {
  readonly data: Answer;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
}

/** An answer that comes in pieces, as far as it is there. */
export interface AnswerSoFar<Answer> {
  /** All that has come: sections that are still to come are missing. A new object each time. */
  readonly data: Partial<Answer>;
  /** Where the section stands that has just come; the first piece is no section. */
  readonly path?: ReadonlyArray<string>;
}

/** A section that failed alone: \`data.meta?.partial\`. */
export interface PartialFailure {
  /** Where in the answer: keys, and the places in lists as text. */
  readonly path: ReadonlyArray<string>;
  readonly code: string;
  readonly message: string;
}

/** There only where a section failed alone. */
export interface AnswerMeta {
  readonly partial: ReadonlyArray<PartialFailure>;
}

/** One thing that is wrong: with a parameter, or within the answer. */
export interface ProblemEntry {
  readonly parameter?: string;
  readonly in?: string;
  readonly given?: unknown;
  readonly expected?: string;
  readonly path?: ReadonlyArray<string>;
  readonly code?: string;
  readonly message?: string;
}

/** What went wrong, as RFC 9457 has it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly instance?: string;
  readonly errors?: ReadonlyArray<ProblemEntry>;
}

/** Thrown for every answer that is not good. */
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
  /** Where each parameter goes, and what it is called there. */
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
  // it has had everything before: \`headers\` say so by \`last-event-id\`
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
  throw new Error('The answer broke off before its end.');
}

async function* $events(answer: FetchedAnswer): AsyncGenerator<readonly [event: string, data: string], void, undefined> {
  let rest = '';
  for await (const text of $texts(answer)) {
    const blocks = (rest + text).split(/\\r?\\n\\r?\\n/);
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = block.split(/\\r?\\n/).map((line) => /^(event|data): ?(.*)$/.exec(line));
      const valuesOf = (name: string) => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []));
      yield [valuesOf('event').at(-1) ?? 'message', valuesOf('data').join('\\n')];
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

/** Throws \`ProblemError\` for an answer that is not good, and \`TypeError\` for what cannot be sent. */
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
    (problem as Problem | undefined) ?? { type: 'about:blank', title: 'No answer in JSON', status: answer.status },
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

/** One segment of a path. URLs with "." or ".." as a segment, encoded or not, are those of other endpoints. */
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
