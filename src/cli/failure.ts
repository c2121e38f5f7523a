import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

/** Thrown for wrong arguments: exit 2. */
export class UsageError extends Error {}

/** Thrown after the problem has been printed: exit 1 without a message. */
export class AlreadyReported extends Error {}

/** Errors whose message needs no stack. */
const WITHOUT_STACK = new Set(['ConfigValueError', 'SupergraphError', 'ExplainError']);

/**
 * Prints why a command failed to stderr, and returns the exit code: 2 for bad arguments, 1 for everything else. It recognises
 * errors by their shape (`ConfigError` and `CompositionError` have `problems`), since importing their classes would load half the
 * gateway before the first argument is parsed.
 */
export function reportFailure(error: unknown): number {
  if (error instanceof AlreadyReported) return 1;
  console.error(textOf(error));
  return error instanceof UsageError ? 2 : 1;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof UsageError) return `error: ${error.message}`;
  const { problems } = error as { problems?: readonly unknown[] };
  if (problems !== undefined) return `${error.message}\n\n${countOf(problems.length)}`;
  return explainSystem(error) ?? error.stack ?? error.message;
}

/**
 * Returns why a request of a command failed, without its URL. A URL with a user name and a password is not sent, and the error of `fetch`
 * would have both.
 */
export function fetchFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'no response';
  if (error.message.includes('URL that includes credentials'))
    return 'a user name and a password in a URL cannot be sent; remove them';
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}

/** Formats a count: `1 problem`, `3 problems`. */
export function countOf(count: number, what = 'problem'): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Says which is missing: the file, or its folder. */
function absent(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) ? `file not found: ${path}` : `folder not found: ${folder}, for ${path}`;
}

/** Explains system errors that the user can fix. Returns `undefined` for others, which are printed with their stack. */
export function explainSystem(error: NodeJS.ErrnoException & { address?: string; port?: number }): string | undefined {
  const place = error.port === undefined ? '' : ` ${error.address ?? ''}:${error.port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `error: the address${place} is in use. Stop the other program, or choose another port with --port.`;
    case 'EACCES':
    case 'EPERM':
      return `error: no permission for ${error.path ?? `the address${place}`}.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `error: this machine has no address${place}. Choose another with --host.`;
    case 'ENOENT':
      return `error: ${absent(error.path ?? 'a file')}`;
    case 'EISDIR':
      return `error: ${error.path ?? 'the path'} is a folder; expected a file.`;
    case 'ENOTDIR':
      return `error: ${error.path ?? 'the path'} is not a folder, or is below something that is not a folder.`;
    default:
      return WITHOUT_STACK.has(error.name) ? error.message : undefined;
  }
}
