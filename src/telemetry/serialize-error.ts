import { stdSerializers } from 'pino';

/** A chain of causes may be a cycle. */
const MOST_CAUSES = 8;

/**
 * Members of errors that the log has. Other libraries add more, with secrets in them: the arguments of a Redis command, the URL that
 * is not valid, the claims of a token.
 */
const LOGGED_MEMBERS = ['code', 'errno', 'syscall', 'hostname', 'address', 'port', 'status', 'path', 'locations'];

/**
 * Returns an error as the log has it: type, message, stack and a few {@link LOGGED_MEMBERS}, and `causes` with the chain of causes, the
 * nearest first. Each is one text, such as `Error: connect ECONNREFUSED 127.0.0.1:4001 (ECONNREFUSED)`. An `AggregateError` has its errors
 * in the same form.
 */
export function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const causes = causesOf(error).map(describeCause);
  const { type, message, stack } = stdSerializers.err(error);
  const members = LOGGED_MEMBERS.flatMap((name) => {
    const value = (error as unknown as Readonly<Record<string, unknown>>)[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    type,
    message: causes.length === 0 ? message : messageOf(error),
    stack,
    ...(error instanceof AggregateError && { aggregateErrors: error.errors.map(describeCause) }),
    ...Object.fromEntries(members),
    ...(causes.length > 0 && { causes }),
  };
}

/** Returns the messages of an error and its causes in one text. A cause that the text has already is not repeated. */
function messageOf(error: Error): string {
  let text = error.message;
  for (const cause of causesOf(error)) {
    const message = cause instanceof Error ? cause.message : '';
    if (!text.includes(message)) text += `: ${message}`;
  }
  return text;
}

function causesOf(error: Error): unknown[] {
  const causes: unknown[] = [];
  let { cause } = error;
  while (cause !== undefined && cause !== null && causes.length < MOST_CAUSES && !causes.includes(cause)) {
    causes.push(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as NodeJS.ErrnoException;
  return `${cause.name}: ${cause.message}${code === undefined ? '' : ` (${code})`}`;
}
