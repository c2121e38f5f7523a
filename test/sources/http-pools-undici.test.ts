import { Pool } from 'undici';
import UndiciPool from 'undici/lib/dispatcher/pool.js';
import { expect, it } from 'vitest';

it('the pool that is imported by its file is the one that undici offers', () => {
  expect(UndiciPool).toBe(Pool);
});
