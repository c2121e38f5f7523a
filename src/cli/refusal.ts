/** A GraphQL error of a response. */
interface ResponseError {
  readonly message?: string;
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string };
}

/** The errors of an operation that returned no data, or the problem of an endpoint. */
export type Refusal =
  | { readonly errors: readonly ResponseError[] }
  | { readonly problem: Readonly<Record<string, unknown>> };

/**
 * Returns why a response has no data; `undefined` for one that has some, and for one whose data is null because of a null that its
 * trace explains.
 */
export function refusalOf(response: unknown, isExplained: boolean): Refusal | undefined {
  const { data, errors, headgate, ...members } = response as Readonly<Record<string, unknown>>;
  // the trace of a problem is one of its members
  if (headgate !== undefined) return { problem: members };
  if (data != null || isExplained || !Array.isArray(errors) || errors.length === 0) return undefined;
  return { errors: errors as ResponseError[] };
}

/** Returns the lines that say why a request was refused. */
export function refusalLines(refusal: Refusal): string[] {
  if ('problem' in refusal) return problemLines(refusal.problem);
  return ['The operation returned no data:', ...refusal.errors.map(errorLine), ''];
}

function errorLine({ message = 'no message', locations = [], path, extensions }: ResponseError): string {
  const places = locations.map(({ line, column }) => `${line}:${column}`);
  const where = [...places, ...(path === undefined ? [] : [path.join('.')])].join(', ');
  return `  · ${message}${extensions?.code === undefined ? '' : ` (${extensions.code})`}${where && `, at ${where}`}`;
}

function problemLines({ status, title, detail, type, instance: _, ...others }: Readonly<Record<string, unknown>>) {
  const heading = [status, title].filter((part) => part !== undefined).join(' ');
  const kind = type === undefined ? '' : ` (${type})`;
  const more = Object.entries(others).map(([name, value]) => `  · ${name}: ${JSON.stringify(value)}`);
  return [`The endpoint responded with ${heading}${kind}:`, `  · ${detail ?? 'no detail'}`, ...more, ''];
}
