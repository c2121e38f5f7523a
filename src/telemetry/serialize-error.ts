import { stdSerializers } from 'pino';

/** A chain of causes may be a cycle. */
const MOST_CAUSES = 8;

/**
 * Returns an error as the log has it: type, message and stack, and `causes` with the chain of causes, the nearest first. Each is one
 * text, such as `Error: connect ECONNREFUSED 127.0.0.1:4001 (ECONNREFUSED)`.
 */
export function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const causes = causesOf(error).map(describeCause);
  const serialized = stdSerializers.err(error);
  return causes.length === 0 ? serialized : Object.assign(serialized, { causes, message: messageOf(error) });
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
