import { badInput, takeFirst, takeNewest } from './server/arguments.ts';
import type { ServiceDefinition } from './server/schema.ts';
import { readSubgraphSdl } from './server/sdl.ts';
import { addToGroup, groupBy } from './world/group.ts';
import type { Review, World } from './world/types.ts';

interface AddReviewInput {
  readonly userId: string;
  readonly productId: string;
  readonly rating: number;
  readonly body: string;
}

type First = { first?: number | null };

const MAX_BODY_LENGTH = 2000;

/** What customers think. Reviews added here are forgotten when the process ends. */
export function createReviews(world: World): ServiceDefinition {
  const reviews = [...world.reviews];
  const userNames = new Map(world.users.map(({ id, name }) => [id, name]));
  const productIds = new Set(world.products.map(({ id }) => id));
  const reviewsById = new Map(reviews.map((review) => [review.id, review]));
  const reviewsByUser = groupBy(reviews, ({ userId }) => userId);
  const reviewsByProduct = groupBy(reviews, ({ productId }) => productId);
  const byUser = (id: string): Review[] => reviewsByUser.get(id) ?? [];
  const byProduct = (id: string): Review[] => reviewsByProduct.get(id) ?? [];

  const addReview = (_: unknown, { input }: { input: AddReviewInput }): Review => {
    checkInput(input, userNames, productIds);
    const review = { ...input, id: `r${reviews.length + 1}`, createdAt: new Date().toISOString(), photoCount: 0 };
    reviews.push(review);
    reviewsById.set(review.id, review);
    addToGroup(reviewsByUser, review.userId, review);
    addToGroup(reviewsByProduct, review.productId, review);
    return review;
  };
  return {
    sdl: readSubgraphSdl('reviews'),
    resolvers: {
      Query: {
        review: (_: unknown, { id }: { id: string }) => reviewsById.get(id),
        latestReviews: (_: unknown, { first }: First) => takeNewest(reviews, first),
        highlights: (_: unknown, { first }: First) => takeFirst(pickHighlights(reviews), first),
      },
      Mutation: { addReview },
      Review: {
        // The name is at hand here, which is what `@provides` promises.
        author: ({ userId }: Review) => ({ id: userId, name: userNames.get(userId) }),
        product: ({ productId }: Review) => ({ id: productId }),
        photos: photosOf,
      },
      User: {
        reviews: ({ id }: { id: string }, { first }: First) => takeNewest(byUser(id), first),
        reviewCount: ({ id }: { id: string }) => byUser(id).length,
      },
      Product: {
        reviews: ({ id }: { id: string }, { first }: First) => takeNewest(byProduct(id), first),
        reviewCount: ({ id }: { id: string }) => byProduct(id).length,
        averageRating: ({ id }: { id: string }) => averageRating(byProduct(id)),
      },
    },
    entities: {
      Review: ({ id }: { id: string }) => reviewsById.get(id) ?? null,
      User: ({ id }: { id: string }) => (userNames.has(id) ? { id } : null),
      Product: ({ id }: { id: string }) => (productIds.has(id) ? { id } : null),
    },
  };
}

function checkInput(
  { userId, productId, rating, body }: AddReviewInput,
  userNames: ReadonlyMap<string, string>,
  productIds: ReadonlySet<string>,
): void {
  if (!userNames.has(userId)) throw badInput(`There is no user "${userId}".`);
  if (!productIds.has(productId)) throw badInput(`There is no product "${productId}".`);
  if (rating < 1 || rating > 5) throw badInput(`The rating must be 1 to 5, not ${rating}.`);
  if (body.trim() === '') throw badInput('The body must not be empty.');
  if (body.length > MAX_BODY_LENGTH) {
    throw badInput(`The body must be at most ${MAX_BODY_LENGTH} characters long, not ${body.length}.`);
  }
}

function averageRating(reviews: readonly Review[]): number | null {
  if (reviews.length === 0) return null;
  const sum = reviews.reduce((total, { rating }) => total + rating, 0);
  return Math.round((sum / reviews.length) * 100) / 100;
}

function photosOf({ id, photoCount }: Review): object[] {
  return Array.from({ length: photoCount }, (_, index) => ({
    __typename: 'Image',
    url: `https://images.example.com/reviews/${id}/${index + 1}.jpg`,
    alt: `Photo ${index + 1} of review ${id}`,
    width: 1200,
    height: 900,
  }));
}

/** A product, a user and a review in turn, the best of each kind first. */
function pickHighlights(reviews: readonly Review[]): object[] {
  const products = rank(reviews, ({ productId, rating }) => [productId, rating - 3]);
  const users = rank(reviews, ({ userId }) => [userId, 1]);
  return reviews
    .filter(({ rating }) => rating === 5)
    .toReversed()
    .flatMap((review, index) => [
      ...(products[index] ? [{ __typename: 'Product', id: products[index] }] : []),
      ...(users[index] ? [{ __typename: 'User', id: users[index] }] : []),
      { __typename: 'Review', ...review },
    ]);
}

/** Ids, those with the most points first. */
function rank(reviews: readonly Review[], score: (review: Review) => [id: string, points: number]): string[] {
  const totals = new Map<string, number>();
  for (const review of reviews) {
    const [id, points] = score(review);
    totals.set(id, (totals.get(id) ?? 0) + points);
  }
  return [...totals].sort(([, left], [, right]) => right - left).map(([id]) => id);
}
