import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** The command line asks for something that cannot be done: exit 2. */
export class UsageError extends Error {}

/** What went wrong was said already: exit 1 without another word. */
export class AlreadyReported extends Error {}

/** Errors whose message says all that a person needs. */
const FOR_PEOPLE = new Set(['ConfigValueError', 'SupergraphError', 'ExplainError']);

/**
 * Says on stderr why a verb failed, and returns the exit code: 2 for bad arguments, 1 for everything else.
 * It knows errors by their shape (`ConfigError` and `CompositionError` have `problems`), since to import their classes
 * would load half the gateway before the first argument is read.
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

/** `1 problem`, `3 problems`. */
export function countOf(count: number, what = 'problem'): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** For a file to be written, it is its folder that is not there. */
function absent(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) ? `there is no ${path}.` : `there is no folder ${folder}, for ${basename(path)}.`;
}

/** Failures of the machine that a person can mend; others keep their stack, for they are ours. */
function explainSystem(error: NodeJS.ErrnoException & { address?: string; port?: number }): string | undefined {
  const place = error.port === undefined ? '' : ` ${error.address ?? ''}:${error.port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `error: the address${place} is in use. Stop what listens there, or choose another with --port.`;
    case 'EACCES':
    case 'EPERM':
      return `error: no permission for ${error.path ?? `the address${place}`}.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `error: this machine has no address${place}. Choose another with --host.`;
    case 'ENOENT':
      return `error: ${absent(error.path ?? 'a file')}`;
    case 'EISDIR':
      return `error: ${error.path ?? 'what was named'} is a folder; expected a file.`;
    case 'ENOTDIR':
      return `error: ${error.path ?? 'what was named'} is no folder, or is below something that is none.`;
    default:
      return FOR_PEOPLE.has(error.name) ? error.message : undefined;
  }
}
