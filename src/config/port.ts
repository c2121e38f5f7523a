/** Parses a port number, where 0 means any free port; returns `undefined` for anything else. */
export function parsePort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}
