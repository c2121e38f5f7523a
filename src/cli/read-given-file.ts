import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { explainSystem, UsageError } from './failure.ts';
import { checkStdin } from './given-paths.ts';

/** Reads the file of a flag. Throws `UsageError` if it cannot be read. */
export function readGivenFile(what: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = explainSystem(error as NodeJS.ErrnoException) ?? (error as Error).message;
    throw new UsageError(`${what}: ${reason.replace(/^error: /, '')}`);
  }
}

/** Reads the file of an option, or standard input for `-`. Throws `UsageError` if it cannot be read or is empty. */
export async function readGivenText(name: string, file: string): Promise<string> {
  return file === '-' ? checkStdin(name, await text(process.stdin)) : readGivenFile(`--${name}`, file);
}
