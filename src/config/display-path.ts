import { isAbsolute, relative } from 'node:path';

/** Formats a path as users would type it: relative to the working directory if it is below it, else absolute. */
export function displayPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  if (fromHere === '') return '.';
  return fromHere.startsWith('..') || isAbsolute(fromHere) ? path : fromHere;
}
