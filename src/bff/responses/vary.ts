import type { ServerResponse } from 'node:http';

/** Adds names to `Vary`. Names that others have set stay, such as `Origin` from CORS and `Cookie` from sessions. */
export function addVary(res: ServerResponse, names: string): void {
  const current = res.getHeader('vary');
  if (current === undefined || current === '') {
    if (names !== '') res.setHeader('vary', names);
    return;
  }
  if (namesIn(names).includes('*') || current === '*') {
    res.setHeader('vary', '*');
    return;
  }
  const known = new Set(namesIn(String(current).toLowerCase()));
  const more = namesIn(names).filter((name) => !known.has(name.toLowerCase()));
  if (more.length > 0) res.setHeader('vary', [current, ...more].join(', '));
}

function namesIn(vary: string): string[] {
  return vary.split(',').map((name) => name.trim());
}
