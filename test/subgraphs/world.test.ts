import { expect, it } from 'vitest';
import { generateWorld } from '../../subgraphs/world/world.ts';

const world = generateWorld();

it('is the same each time, and another for another seed', () => {
  expect(generateWorld()).toEqual(world);
  expect(generateWorld(1).users).not.toEqual(world.users);
});

it('begins as it always has, so that documents and benchmarks can name ids', () => {
  expect(world.users[0]).toMatchObject({ id: 'u1', name: 'Viktor Kaya', email: 'viktor.kaya@example.com' });
  expect(world.products[0]).toMatchObject({ id: 'p1', name: 'Orbit Notebook Set', price: 2690, weight: 547 });
});

it('is large enough to be interesting', () => {
  const { users, products, orders, reviews } = world;
  expect([users.length, products.length, orders.length, reviews.length]).toEqual([120, 200, 1000, 3000]);
});

it('numbers ids from 1 and repeats no email, SKU or product name', () => {
  expect(world.orders.at(-1)?.id).toBe('o1000');
  expect(world.reviews.at(-1)?.id).toBe('r3000');
  expect(new Set(world.users.map(({ email }) => email)).size).toBe(120);
  expect(new Set(world.products.map(({ sku }) => sku)).size).toBe(200);
  expect(new Set(world.products.map(({ name }) => name)).size).toBe(200);
});

it('leaves no user without an order or a review, and some products without either reviews or stock', () => {
  expect(new Set(world.orders.map(({ userId }) => userId)).size).toBe(120);
  expect(new Set(world.reviews.map(({ userId }) => userId)).size).toBe(120);
  expect(new Set(world.reviews.map(({ productId }) => productId)).size).toBe(195);
  const inStock = new Set(world.stock.filter(({ quantity }) => quantity > 0).map(({ productId }) => productId));
  expect(inStock.size).toBeGreaterThan(100);
  expect(inStock.size).toBeLessThan(200);
});

it('lets nobody order or review before the thing was for sale', () => {
  const addedAt = new Map(world.products.map((product) => [product.id, product.addedAt]));
  const orderedEarly = world.orders.filter(({ placedAt, items }) =>
    items.some(({ productId }) => placedAt < (addedAt.get(productId) ?? '')),
  );
  const reviewedEarly = world.reviews.filter(({ createdAt, productId }) => createdAt < (addedAt.get(productId) ?? ''));
  expect([...orderedEarly, ...reviewedEarly]).toEqual([]);
});
