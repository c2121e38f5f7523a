import type { Random } from './random.ts';
import { daysAfter, HISTORY_START } from './time.ts';
import type { Brand, Product, StockAlert, StockLevel, User, Warehouse } from './types.ts';
import { BRANDS, PRODUCT_KINDS, SERIES } from './words.ts';

export const WAREHOUSES: readonly Warehouse[] = [
  { id: 'w1', name: 'Leipzig', region: 'EU' },
  { id: 'w2', name: 'Rotterdam', region: 'EU' },
  { id: 'w3', name: 'Memphis', region: 'US' },
  { id: 'w4', name: 'Singapore', region: 'APAC' },
];

export function generateBrands(): Brand[] {
  return BRANDS.map(([name, country], index) => ({ id: `b${index + 1}`, name, country }));
}

/** Products with distinct names, the newest last. */
export function generateProducts(random: Random, brands: readonly Brand[], count: number): Product[] {
  const designs = SERIES.flatMap((series) => PRODUCT_KINDS.map((kind) => ({ series, kind })));
  return random
    .shuffle(designs)
    .slice(0, count)
    .map(({ series, kind }, index) => {
      const brand = random.pick(brands);
      const price = random.between(...kind.euros) * 100 - random.pick([0, 1, 10, 50]);
      return {
        id: `p${index + 1}`,
        sku: `${brand.name.slice(0, 3).toUpperCase()}-${String(index + 1).padStart(4, '0')}`,
        name: `${series} ${kind.noun}`,
        description: `The ${series} ${kind.noun.toLowerCase()} by ${brand.name}, from our ${kind.category.toLowerCase()} range.`,
        category: kind.category,
        brandId: brand.id,
        price,
        cost: Math.round(price * (0.4 + random.next() * 0.3)),
        weight: random.between(...kind.grams),
        addedAt: daysAfter(HISTORY_START, -900 + index * 4.4 + random.next()),
      };
    });
}

/** A level for each product in each warehouse; about one product in eight is sold out everywhere. */
export function generateStock(random: Random, products: readonly Product[]): StockLevel[] {
  return products.flatMap((product) => {
    const soldOut = random.chance(0.12);
    return WAREHOUSES.map((warehouse) => ({
      productId: product.id,
      warehouseId: warehouse.id,
      quantity: soldOut || random.chance(0.2) ? 0 : random.between(1, 80),
    }));
  });
}

/** Who waits for which product: a third of the users, each for one to three sold-out products. */
export function generateStockAlerts(
  random: Random,
  users: readonly User[],
  stock: readonly StockLevel[],
): StockAlert[] {
  const onHand = new Map<string, number>();
  for (const level of stock) onHand.set(level.productId, (onHand.get(level.productId) ?? 0) + level.quantity);
  const soldOut = [...onHand].filter(([, quantity]) => quantity === 0).map(([productId]) => productId);
  return users
    .filter(() => random.chance(1 / 3))
    .flatMap(({ email }) =>
      random
        .shuffle(soldOut)
        .slice(0, random.between(1, 3))
        .map((productId) => ({ email, productId })),
    );
}
