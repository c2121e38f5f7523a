import * as z from 'zod';

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const SIZE = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/;

/** Parses `"16MiB"` or `"1.5KiB"` to bytes; returns `undefined` for anything else. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit = ''] = SIZE.exec(text) ?? [];
  return amount === undefined ? undefined : Math.floor(Number(amount) * (UNITS[unit] ?? 0));
}

const EXPECTED = 'expected a size such as "500KiB", "16MiB" or "1GiB"';

/** A config value such as `"16MiB"`, read as bytes, at least one. */
export const size = z
  .string(EXPECTED)
  .regex(SIZE, { error: EXPECTED, abort: true })
  .transform((value) => parseSize(value) ?? 0)
  .refine((bytes) => bytes > 0, 'expected a size of at least one byte')
  .describe('A size: "500KiB", "16MiB", "1GiB"');
