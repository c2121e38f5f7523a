import { setFlagsFromString } from 'node:v8';

/** Growth in per cent between two full collections. */
const GROWTH = 220;

/** Flags by which users configure the heap themselves. */
const CONFIGURED = /--(max|min|initial)[-_](old|semi|heap)|--heap[-_]growing|--optimize[-_]for[-_]size/;

/**
 * Configures V8's garbage collector for a process that serves many short requests at once.
 *
 * - V8 allocates what survived young collections among the long-lived objects from the start. With many requests in flight, those are parts
 *   of requests: they end soon, and keep whole requests until the next full collection. Without this, young collections take a third
 *   to a half of their time, and a request 8 to 15 % less.
 * - It collects garbage when the heap is 3.2 times the live data. By default V8 waits for four times and, when it falls behind,
 *   much longer. Measured on 87 KB responses, 50 at once: the peak of 250 MB, at times 450, becomes 225, for some 5 % more CPU time;
 *   with 150 it would be 190 for 10 %. Left alone if flags configure the heap already, on the command line or in `NODE_OPTIONS`.
 *
 * @returns whether the growth of the heap is configured here
 */
export function configureHeap(argv: readonly string[] = process.execArgv, env = process.env): boolean {
  setFlagsFromString('--no-allocation-site-pretenuring');
  if (CONFIGURED.test([...argv, env.NODE_OPTIONS ?? ''].join(' '))) return false;
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  return true;
}
