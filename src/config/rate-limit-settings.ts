import { parseDuration } from './duration.ts';

/** One rate limit, as written in a schema or in the config. */
export interface RateLimitSettings {
  readonly limit: number;
  /** `1m` */
  readonly window: string;
  readonly burst?: number | undefined;
  readonly by: readonly string[];
  readonly algorithm: string;
  readonly name?: string | undefined;
}

export interface RateLimitMistake {
  readonly argument: 'limit' | 'window' | 'burst' | 'by' | 'name';
  readonly message: string;
}

/** With larger products the numbers of a meter would not be exact. */
const GREATEST_PRODUCT = 2 ** 50;

const PLAIN_KEYS = ['client', 'ip', 'user', 'global'];
const HEADER_KEY = /^header:(?!\*$)[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NAMED_KEY = /^(?:claim|header|arg):[^\s:][^\s]*$/;
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** Returns what is wrong with a limit. */
export function rateLimitMistakes(settings: RateLimitSettings): RateLimitMistake[] {
  const { limit, window, burst, by, algorithm, name } = settings;
  const mistakes: RateLimitMistake[] = [];
  const wrong = (argument: RateLimitMistake['argument'], message: string) => mistakes.push({ argument, message });
  const windowMs = parseDuration(window) ?? 0;
  if (!Number.isInteger(limit) || limit < 1) wrong('limit', `"limit" is ${limit}; it must be a whole number from 1.`);
  if (windowMs < 1 || !Number.isInteger(windowMs)) {
    wrong('window', `"window" is "${window}"; expected a duration such as "10s", "1m" or "1h30m".`);
  } else if (windowMs * Math.max(limit, burst ?? 0) > GREATEST_PRODUCT) {
    wrong('window', `A limit of ${limit} in ${window} cannot be counted exactly; choose a shorter window.`);
  }
  if (burst !== undefined && (!Number.isInteger(burst) || burst < 1)) {
    wrong('burst', `"burst" is ${burst}; it must be a whole number from 1.`);
  } else if (burst !== undefined && !algorithm.endsWith('_BUCKET')) {
    wrong('burst', `"burst" has no effect with ${algorithm}; use it with TOKEN_BUCKET or LEAKY_BUCKET.`);
  }
  if (by.length === 0)
    wrong('by', '"by" is empty; say what the limit is counted by, or "global" for all clients together.');
  for (const key of by) {
    if (key.startsWith('header:') && !HEADER_KEY.test(key))
      wrong('by', `"by" has "${key}", which is not a header name.`);
    if (PLAIN_KEYS.includes(key) || NAMED_KEY.test(key)) continue;
    const known = [...PLAIN_KEYS, 'claim:NAME', 'header:NAME', 'arg:PATH'].map((one) => `"${one}"`).join(', ');
    wrong('by', `"by" has "${key}"; expected one of ${known}.`);
  }
  if (name !== undefined && !NAME.test(name)) {
    wrong('name', `"name" is "${name}"; expected at most 64 letters, digits, "_", "." and "-".`);
  }
  return mistakes;
}
