import type { Random } from './random.ts';
import { daysAfter, HISTORY_START } from './time.ts';
import type { Address, User } from './types.ts';
import { CITIES, FIRST_NAMES, LAST_NAMES, STREETS } from './words.ts';

/** People with distinct names, and so distinct emails, in the order in which they joined. */
export function generateUsers(random: Random, count: number): User[] {
  const fullNames = FIRST_NAMES.flatMap((first) => LAST_NAMES.map((last) => `${first} ${last}`));
  return random
    .shuffle(fullNames)
    .slice(0, count)
    .map((name, index) => ({
      id: `u${index + 1}`,
      name,
      email: `${name.toLowerCase().replace(' ', '.')}@example.com`,
      joinedAt: daysAfter(HISTORY_START, -365 + (index + random.next()) * (365 / count)),
      address: generateAddress(random),
    }));
}

function generateAddress(random: Random): Address {
  const [city, country, postcode] = random.pick(CITIES);
  return {
    street: `${random.between(1, 180)} ${random.pick(STREETS)}`,
    city,
    postcode: postcode.replaceAll('#', () => String(random.between(0, 9))),
    country,
  };
}
