import { afterAll, vi } from 'vitest';

const PATIENCE_MS = 90_000;
const waitFor = vi.waitFor;

// Vitest gives up after a second, which on a busy machine says nothing.
vi.waitFor = (callback, options = PATIENCE_MS) => waitFor(callback, options);

const CLOCKS = { setTimeout, setInterval, setImmediate, now: performance.now, dateNow: Date.now };
const clocks = () => ({ setTimeout, setInterval, setImmediate, now: performance.now, dateNow: Date.now });

// Files of one process share their clocks: a fake one that a file leaves behind stops the next file.
afterAll(() => {
  const names = Object.keys(CLOCKS) as (keyof typeof CLOCKS)[];
  const changed = names.filter((name) => clocks()[name] !== CLOCKS[name]);
  vi.restoreAllMocks();
  vi.useRealTimers();
  if (changed.length > 0) throw new Error(`This file leaves fake clocks behind: ${changed.join(', ')}.`);
});
