import type { Random } from './random.ts';
import { daysAfter, HISTORY_DAYS, HISTORY_START } from './time.ts';
import type { Order, OrderItem, OrderStatus, Product, Shipment, User } from './types.ts';

/** Orders in the order in which they were placed. Everyone has ordered at least once (given as many orders as users). */
export function generateOrders(
  random: Random,
  users: readonly User[],
  products: readonly Product[],
  count: number,
): Order[] {
  const firstBuyers = random.shuffle(users);
  return Array.from({ length: count }, (_, index) => {
    const customer = firstBuyers[index] ?? random.pick(users);
    const items = generateItems(random, products);
    const status = generateStatus(random, index / count);
    const sent = status === 'SHIPPED' || status === 'DELIVERED';
    return {
      id: `o${index + 1}`,
      userId: customer.id,
      status,
      placedAt: daysAfter(HISTORY_START, (index + random.next()) * (HISTORY_DAYS / count)),
      items,
      shippingAddress: customer.address,
      shipments: sent ? splitIntoShipments(random, items) : [],
    };
  });
}

function generateItems(random: Random, products: readonly Product[]): OrderItem[] {
  const chosen = new Set<Product>();
  for (let wanted = random.between(1, 4); chosen.size < wanted; ) chosen.add(random.pick(products));
  return [...chosen].map((product) => ({
    productId: product.id,
    quantity: random.pick([1, 1, 1, 2, 2, 3]),
    unitPrice: product.price,
  }));
}

/** `age` runs from 0 (the oldest order) to 1 (the newest): old orders are settled, the latest are under way. */
function generateStatus(random: Random, age: number): OrderStatus {
  if (random.chance(0.06)) return 'CANCELLED';
  if (age < 0.95) return 'DELIVERED';
  return random.pick(['PENDING', 'PAID', 'SHIPPED', 'SHIPPED']);
}

function splitIntoShipments(random: Random, items: readonly OrderItem[]): Shipment[] {
  const first = items.length > 1 && random.chance(0.4) ? random.between(1, items.length - 1) : items.length;
  return [items.slice(0, first), items.slice(first)]
    .filter((parcel) => parcel.length > 0)
    .map((parcel, index) => ({ number: index + 1, items: parcel }));
}
