import { vi } from 'vitest';

const PATIENCE_MS = 90_000;
const waitFor = vi.waitFor;

// Vitest gives up after a second, which on a busy machine says nothing.
vi.waitFor = (callback, options = PATIENCE_MS) => waitFor(callback, options);
