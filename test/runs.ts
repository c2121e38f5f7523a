/**
 * Returns how often a property is tried: `long` times in `npm run test:long`, and `quick` times in `npm test`, which is a twentieth where
 * nothing else is given.
 */
export function runs(long: number, quick = Math.ceil(long / 20)): number {
  return process.env.HEADGATE_TESTS === 'long' ? long : quick;
}
