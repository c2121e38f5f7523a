import * as z from 'zod';

const SHARE = /^\d{1,3}(?:\.\d{1,6})?%$/;

/** A config value such as `"5%"`, read as a number from 0 to 1. */
export const share = z
  .string('expected a share such as "5%"')
  .regex(SHARE, 'expected a share such as "5%"')
  .transform((text) => Number(text.slice(0, -1)) / 100)
  .refine((value) => value <= 1, 'expected at most 100%')
  .describe('A share: "5%", "0.5%", "100%"');
