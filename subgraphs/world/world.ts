import { generateBrands, generateProducts, generateStock, generateStockAlerts, WAREHOUSES } from './catalogue.ts';
import { generateOrders } from './orders.ts';
import { createRandom } from './random.ts';
import { generateReviews } from './reviews.ts';
import type { World } from './types.ts';
import { generateUsers } from './users.ts';

/** The seed that every demo service starts from, so that separate processes agree on who bought what. */
export const DEMO_SEED = 20_250_601;

/** 120 users, 200 products, 1,000 orders and 3,000 reviews: the same for the same seed. */
export function generateWorld(seed = DEMO_SEED): World {
  // Each part has its own stream: a change to one leaves the others as they were.
  const stream = (part: number) => createRandom(seed + part);
  const users = generateUsers(stream(1), 120);
  const brands = generateBrands();
  const products = generateProducts(stream(2), brands, 200);
  const orders = generateOrders(stream(3), users, products, 1000);
  const reviews = generateReviews(stream(4), users, products, 3000);
  const stock = generateStock(stream(5), products);
  const stockAlerts = generateStockAlerts(stream(6), users, stock);
  return { users, brands, products, orders, reviews, warehouses: WAREHOUSES, stock, stockAlerts };
}
