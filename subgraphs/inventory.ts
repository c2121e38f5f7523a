import type { ServiceDefinition } from './server/schema.ts';
import { readSubgraphSdl } from './server/sdl.ts';
import { groupBy } from './world/group.ts';
import { daysAfter } from './world/time.ts';
import type { Region, StockLevel, World } from './world/types.ts';

/** A product with what `@requires` adds to its key. */
interface ProductReference {
  readonly id: string;
  readonly price: number;
  readonly weight: number;
}

interface ShipmentReference {
  readonly number: number;
  readonly order: {
    readonly id: string;
    readonly placedAt: string;
    readonly shippingAddress: { readonly country: string };
  };
}

interface OfferReference {
  readonly sku: string;
  readonly region: Region;
}

const CARRIERS = ['DHL', 'DPD', 'PostNL', 'UPS'];

/** Orders from this many cents on ship free within the EU. */
const FREE_SHIPPING_FROM = 10_000;
/** In cents: for the parcel, and for each started half kilogram of it. */
const SHIPPING: Readonly<Record<Region, { readonly base: number; readonly perHalfKilo: number }>> = {
  EU: { base: 390, perHalfKilo: 60 },
  US: { base: 990, perHalfKilo: 180 },
  APAC: { base: 1290, perHalfKilo: 240 },
};

const DELIVERY_DAYS_BY_COUNTRY: Readonly<Record<string, number>> = { DE: 2, NL: 2, US: 6, JP: 8, AU: 9 };
const DELIVERY_DAYS_ELSEWHERE = 4;

/** What lies where, and how it gets to the door. Orders placed later have no shipments and take nothing from stock. */
export function createInventory(world: World): ServiceDefinition {
  const warehousesById = new Map(world.warehouses.map((warehouse) => [warehouse.id, warehouse]));
  const stockByProduct = groupBy(world.stock, ({ productId }) => productId);
  const alertsByEmail = groupBy(world.stockAlerts, ({ email }) => email);
  const productIdsBySku = new Map(world.products.map(({ id, sku }) => [sku, id]));
  const emails = new Set(world.users.map(({ email }) => email));
  const shipments = new Set(
    world.orders.flatMap(({ id, shipments }) => shipments.map(({ number }) => `${id}/${number}`)),
  );

  const stockOf = (productId: string): readonly StockLevel[] => stockByProduct.get(productId) ?? [];
  const available = ({ sku, region }: OfferReference): number =>
    stockOf(productIdsBySku.get(sku) ?? '')
      .filter(({ warehouseId }) => warehousesById.get(warehouseId)?.region === region)
      .reduce((sum, { quantity }) => sum + quantity, 0);
  return {
    sdl: readSubgraphSdl('inventory'),
    resolvers: {
      Query: { warehouses: () => world.warehouses },
      Product: {
        inStock: ({ id }: ProductReference) => stockOf(id).some(({ quantity }) => quantity > 0),
        stock: ({ id }: ProductReference) => stockOf(id),
        shippingEstimate: (product: ProductReference, { region }: { region?: Region | null }) =>
          estimateShipping(product, region ?? 'EU'),
      },
      StockLevel: { warehouse: ({ warehouseId }: StockLevel) => warehousesById.get(warehouseId) },
      Offer: {
        available,
        deliveryDays: (offer: OfferReference) => (available(offer) > 0 ? 3 : 14),
      },
      Shipment: {
        carrier: (shipment: ShipmentReference) => CARRIERS[checksum(shipment) % CARRIERS.length],
        trackingCode: (shipment: ShipmentReference) => `HG${String(checksum(shipment)).padStart(10, '0')}`,
        warehouse: (shipment: ShipmentReference) => world.warehouses[checksum(shipment) % world.warehouses.length],
        expectedAt: ({ order }: ShipmentReference) =>
          daysAfter(order.placedAt, DELIVERY_DAYS_BY_COUNTRY[order.shippingAddress.country] ?? DELIVERY_DAYS_ELSEWHERE),
      },
      User: {
        stockAlerts: ({ email }: { email: string }) =>
          (alertsByEmail.get(email) ?? []).map(({ productId }) => ({ id: productId })),
      },
    },
    entities: {
      Warehouse: ({ id }: { id: string }) => warehousesById.get(id) ?? null,
      Product: (product: ProductReference) => (stockByProduct.has(product.id) ? product : null),
      Offer: (offer: OfferReference) => (productIdsBySku.has(offer.sku) ? offer : null),
      Shipment: (shipment: ShipmentReference) =>
        shipments.has(`${shipment.order.id}/${shipment.number}`) ? shipment : null,
      User: ({ email }: { email: string }) => (emails.has(email) ? { email } : null),
    },
  };
}

/** In cents. `price` and `weight` come with the request, because this service `@requires` them. */
function estimateShipping({ price, weight }: ProductReference, region: Region): number {
  if (region === 'EU' && price >= FREE_SHIPPING_FROM) return 0;
  const { base, perHalfKilo } = SHIPPING[region];
  return base + perHalfKilo * Math.ceil(weight / 500);
}

/** A number that stays the same for a shipment, to pick its carrier and so on by. */
function checksum({ number, order }: ShipmentReference): number {
  let sum = number;
  for (const letter of order.id) sum = (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0;
  return sum;
}
