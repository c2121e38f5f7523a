import * as z from 'zod';

const EXPECTED = 'expected a share such as "5%" or "0.5%", up to "100%"';

/** A config value such as `"5%"`, read as a number from 0 to 1. */
export const share = z
  .string(EXPECTED)
  .regex(/^\d{1,3}(?:\.\d{1,6})?%$/, { error: EXPECTED, abort: true })
  .transform((text) => Number(text.slice(0, -1)) / 100)
  .refine((value) => value <= 1, EXPECTED)
  .describe('A share: "5%", "0.5%"');

/** A share greater than zero. */
export const positiveShare = share.refine((value) => value > 0, 'expected a share greater than zero');
