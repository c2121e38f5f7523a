import { isAbsolute, relative } from 'node:path';

/** The path as people would type it: relative to the working directory for what lies below it, absolute otherwise. */
export function displayPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  if (fromHere === '') return '.';
  return fromHere.startsWith('..') || isAbsolute(fromHere) ? path : fromHere;
}
