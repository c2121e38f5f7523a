/** Returns how often a property is tried: `long` times in `npm run test:long`, and a tenth of that in `npm test`. */
export function runs(long: number): number {
  return process.env.HEADGATE_TESTS === 'long' ? long : Math.ceil(long / 10);
}
