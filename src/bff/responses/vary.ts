import type { ServerResponse } from 'node:http';

/** Adds to `Vary`: what other parts of the answer have said there stays, as CORS of `Origin` and sessions of `Cookie`. */
export function addVary(res: ServerResponse, names: string): void {
  const there = res.getHeader('vary');
  if (there === undefined || there === '') {
    if (names !== '') res.setHeader('vary', names);
    return;
  }
  if (namesIn(names).includes('*') || there === '*') {
    // nothing more can be said
    res.setHeader('vary', '*');
    return;
  }
  const known = new Set(namesIn(String(there).toLowerCase()));
  const more = namesIn(names).filter((name) => !known.has(name.toLowerCase()));
  if (more.length > 0) res.setHeader('vary', [there, ...more].join(', '));
}

function namesIn(vary: string): string[] {
  return vary.split(',').map((name) => name.trim());
}
