import type { Random } from './random.ts';
import { daysAfter, HISTORY_DAYS, HISTORY_START } from './time.ts';
import type { Product, Review, User } from './types.ts';
import { REVIEW_DETAILS, REVIEW_OPENINGS } from './words.ts';

/** The newest products have not been reviewed yet, so that an average can be missing. */
const UNREVIEWED = 5;

/** What ratings are drawn from: people write when they are pleased. */
const RATINGS = [1, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5];

/** Reviews in the order in which they were written. Everyone has written one (given as many reviews as users). */
export function generateReviews(
  random: Random,
  users: readonly User[],
  products: readonly Product[],
  count: number,
): Review[] {
  const firstAuthors = random.shuffle(users);
  const reviewed = products.slice(0, -UNREVIEWED);
  const firstReviewed = random.shuffle(reviewed);
  return Array.from({ length: count }, (_, index) => {
    const product = firstReviewed[index] ?? random.pick(reviewed);
    const rating = random.pick(RATINGS);
    return {
      id: `r${index + 1}`,
      userId: (firstAuthors[index] ?? random.pick(users)).id,
      productId: product.id,
      rating,
      body: writeBody(random, product, rating),
      createdAt: daysAfter(HISTORY_START, (index + random.next()) * (HISTORY_DAYS / count)),
      photoCount: random.chance(0.15) ? random.between(1, 3) : 0,
    };
  });
}

function writeBody(random: Random, product: Product, rating: number): string {
  const opening = random.pick(REVIEW_OPENINGS[rating] ?? []).replace('{}', product.name);
  const details = random.shuffle(REVIEW_DETAILS).slice(0, random.between(0, 2));
  return [opening, ...details].join(' ');
}
