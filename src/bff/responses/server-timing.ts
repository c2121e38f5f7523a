import type { ServerResponse } from 'node:http';

/** Sets `Server-Timing`. @see https://www.w3.org/TR/server-timing/ */
export function addServerTiming(res: ServerResponse, timings: ReadonlyMap<string, number>): void {
  if (res.headersSent) return;
  const metrics = [...timings].map(([name, ms]) => `${name.replaceAll(/[^\w.-]/g, '_')};dur=${ms.toFixed(1)}`);
  res.setHeader('server-timing', metrics.join(', '));
}
