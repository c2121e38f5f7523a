import type { ServerResponse } from 'node:http';

/** Adds names to `Vary`. Names that others have set stay, such as `Origin` from CORS and `Cookie` from sessions. */
export function addVary(res: ServerResponse, names: string): void {
  const current = res.getHeader('vary');
  const all = joinVary(current === undefined ? '' : String(current), names);
  if (all !== '' && all !== current) res.setHeader('vary', all);
}

/** Joins two values of `Vary`, each name once. */
export function joinVary(current: string, names: string): string {
  if (current === '' || names === '') return current || names;
  const more = namesIn(names);
  if (current === '*' || more.includes('*')) return '*';
  const known = new Set(namesIn(current.toLowerCase()));
  return [current, ...more.filter((name) => !known.has(name.toLowerCase()))].join(', ');
}

function namesIn(vary: string): string[] {
  return vary.split(',').map((name) => name.trim());
}
