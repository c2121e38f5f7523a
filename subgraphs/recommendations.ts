import { type RequestHandler, sendJson } from './server/http.ts';
import { groupBy } from './world/group.ts';
import type { Order, Product, World } from './world/types.ts';

interface Recommendation {
  readonly productId: string;
  /** From 0 to 1, the best first. */
  readonly score: number;
  readonly reason: string;
}

const ROUTE = /^\/(products|users)\/([^/]+)\/recommendations$/;
const DEFAULT_LIMIT = 5;
const MAX_LIMIT = 50;

const BATCH_ROUTE = '/recommendations';
const MAX_BATCH = 50;

/**
 * A REST API: `GET /products/:id/recommendations?limit=` and `GET /users/:id/recommendations?limit=` answer a JSON
 * list, best first; `GET /recommendations?products=p1,p2&limit=` answers `[{"productId": "p1", "recommendations": […]}]`
 * for those of the products that there are, 50 at most. Errors are `{"error": "…"}`: 404 for an unknown id or path, 400 for a bad limit, 405 for another method.
 */
export function createRecommendations({ users, products, orders }: World): RequestHandler {
  const productsById = new Map(products.map((product) => [product.id, product]));
  const ordersByUser = groupBy(orders, ({ userId }) => userId);
  const userIds = new Set(users.map(({ id }) => id));

  const recommend = (kind: string, id: string): Recommendation[] | undefined => {
    if (kind === 'users') {
      const bought = productIdsOf(ordersByUser.get(id) ?? []);
      return userIds.has(id) ? boughtTogether(bought, orders) : undefined;
    }
    const product = productsById.get(id);
    return product && withSimilar(boughtTogether(new Set([id]), orders), product, products);
  };
  const recommendEach = (ids: readonly string[], limit: number) =>
    ids.flatMap((productId) => {
      const found = recommend('products', productId);
      return found ? [{ productId, recommendations: found.slice(0, limit) }] : [];
    });
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://service');
    if (url.pathname === '/health') return sendJson(response, 200, { status: 'ok' });
    const [, kind, rawId] = ROUTE.exec(url.pathname) ?? [];
    const isBatch = url.pathname === BATCH_ROUTE;
    if (!isBatch && (!kind || !rawId)) return sendJson(response, 404, { error: `There is nothing at ${url.pathname}` });
    if (request.method !== 'GET') {
      response.setHeader('allow', 'GET');
      return sendJson(response, 405, { error: 'Use GET' });
    }
    const limit = readLimit(url.searchParams.get('limit'));
    if (limit === undefined)
      return sendJson(response, 400, { error: `limit must be a whole number, 1 to ${MAX_LIMIT}` });
    if (isBatch) {
      const ids = readIds(url.searchParams.get('products'));
      if (!ids) return sendJson(response, 400, { error: `products must be 1 to ${MAX_BATCH} ids with commas between` });
      return sendJson(response, 200, recommendEach(ids, limit));
    }
    const id = decoded(rawId ?? '');
    const found = recommend(kind ?? '', id);
    if (!found) return sendJson(response, 404, { error: `There is no ${kind?.slice(0, -1)} "${id}"` });
    sendJson(response, 200, found.slice(0, limit));
  };
}

function readLimit(text: string | null): number | undefined {
  if (text === null) return DEFAULT_LIMIT;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= MAX_LIMIT ? limit : undefined;
}

/** A segment of a path as it was before it was percent-encoded; itself where it is not. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function readIds(text: string | null): string[] | undefined {
  const ids = [...new Set((text ?? '').split(',').filter((id) => id !== ''))];
  return ids.length >= 1 && ids.length <= MAX_BATCH ? ids : undefined;
}

function productIdsOf(orders: readonly Order[]): Set<string> {
  return new Set(orders.flatMap(({ items }) => items.map(({ productId }) => productId)));
}

/** What else was in the orders that had any of these products; the more often, the better. */
function boughtTogether(bought: ReadonlySet<string>, orders: readonly Order[]): Recommendation[] {
  const counts = new Map<string, number>();
  for (const { items } of orders) {
    if (!items.some(({ productId }) => bought.has(productId))) continue;
    for (const { productId } of items) {
      if (!bought.has(productId)) counts.set(productId, (counts.get(productId) ?? 0) + 1);
    }
  }
  const most = Math.max(1, ...counts.values());
  return [...counts]
    .sort(([, left], [, right]) => right - left)
    .map(([productId, count]) => ({
      productId,
      score: Math.round((0.5 + count / most / 2) * 100) / 100,
      reason: count === 1 ? 'Bought together once' : `Bought together ${count} times`,
    }));
}

/** Products of the same category come after those that were bought together. */
function withSimilar(
  together: readonly Recommendation[],
  product: Product,
  products: readonly Product[],
): Recommendation[] {
  const known = new Set(together.map(({ productId }) => productId)).add(product.id);
  const similar = products.filter(({ id, category }) => category === product.category && !known.has(id));
  return [
    ...together,
    ...similar.map(({ id }) => ({ productId: id, score: 0.25, reason: `Also in ${product.category}` })),
  ];
}
