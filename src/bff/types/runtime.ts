/** What every generated client begins with. It needs `fetch` and nothing else: browsers, React Native, Node, Deno, Bun. */
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

interface FetchedAnswer {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: { get(name: string): string | null };
  json(): Promise<unknown>;
}

export interface Result<Answer> {
  readonly data: Answer;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
}

/** A section that failed alone: \`data.meta?.partial\`. */
export interface PartialFailure {
  readonly path: ReadonlyArray<string | number>;
  readonly code: string;
  readonly message: string;
}

/** What went wrong, as RFC 9457 has it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly instance?: string;
  readonly errors?: ReadonlyArray<Readonly<Record<string, unknown>>>;
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

type Place = 'path' | 'query' | 'header' | 'body';

async function call<Answer>(
  method: string,
  path: string,
  parameters: Readonly<Record<string, unknown>>,
  places: Readonly<Record<string, Place>>,
  options: CallOptions,
): Promise<Result<Answer>> {
  const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
  if (options.idempotencyKey !== undefined) headers['idempotency-key'] = options.idempotencyKey;
  const query: string[] = [];
  let body: Record<string, unknown> | undefined;
  let url = path;
  for (const [name, place] of Object.entries(places)) {
    const value = parameters[name];
    if (value === undefined || value === null && place !== 'body') continue;
    if (place === 'path') url = url.replace(\`{\${name}}\`, encodeURIComponent(String(value)));
    else if (place === 'header') headers[name] = Array.isArray(value) ? value.join(', ') : String(value);
    else if (place === 'body') (body ??= {})[name] = value;
    else for (const one of Array.isArray(value) ? value : [value]) query.push(\`\${encodeURIComponent(name)}=\${encodeURIComponent(textOf(one))}\`);
  }
  if (body !== undefined) headers['content-type'] = 'application/json';
  const target = (options.baseUrl ?? '') + url + (query.length > 0 ? \`?\${query.join('&')}\` : '');
  const { signal, credentials } = options;
  const send = options.fetch ?? (globalThis as unknown as { fetch: NonNullable<CallOptions['fetch']> }).fetch;
  const answer = await send(target, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
    ...(credentials && { credentials }),
  });
  if (answer.ok) return { data: (await answer.json()) as Answer, status: answer.status, headers: answer.headers };
  const problem = await answer.json().catch(() => undefined);
  throw new ProblemError(
    answer.status,
    (problem as Problem | undefined) ?? { type: 'about:blank', title: 'No answer in JSON', status: answer.status },
  );
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
`;
