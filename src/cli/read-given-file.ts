import { readFileSync } from 'node:fs';
import { explainSystem, UsageError } from './failure.ts';

/** Reads the file of a flag. Throws `UsageError` if it cannot be read. */
export function readGivenFile(what: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = explainSystem(error as NodeJS.ErrnoException) ?? (error as Error).message;
    throw new UsageError(`${what}: ${reason.replace(/^error: /, '')}`);
  }
}
