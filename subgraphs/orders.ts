import { badInput, takeNewest } from './server/arguments.ts';
import type { ServiceDefinition } from './server/schema.ts';
import { readSubgraphSdl } from './server/sdl.ts';
import { addToGroup, groupBy } from './world/group.ts';
import type { Address, Order, OrderItem, OrderStatus, Product, Shipment, User, World } from './world/types.ts';

interface PlaceOrderInput {
  readonly userId: string;
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly shippingAddress?: Address | null;
}

type OrderFilter = { first?: number | null; status?: OrderStatus | null };
type OrderShipment = Shipment & { readonly order: Order };

const MAX_QUANTITY = 99;

/** What was bought by whom. Orders placed here are forgotten when the process ends. */
export function createOrders(world: World): ServiceDefinition {
  const orders = [...world.orders];
  const ordersById = new Map(orders.map((order) => [order.id, order]));
  const ordersByUser = groupBy(orders, ({ userId }) => userId);
  const usersById = new Map(world.users.map((user) => [user.id, user]));
  const productsById = new Map(world.products.map((product) => [product.id, product]));

  const placeOrder = (_: unknown, { input }: { input: PlaceOrderInput }): Order => {
    const order = writeOrder(`o${orders.length + 1}`, input, usersById, productsById);
    orders.push(order);
    ordersById.set(order.id, order);
    addToGroup(ordersByUser, order.userId, order);
    return order;
  };
  const findShipment = (key: { number: number; order: { id: string } }): OrderShipment | null => {
    const order = ordersById.get(key.order.id);
    const shipment = order?.shipments.find(({ number }) => number === key.number);
    return order && shipment ? { ...shipment, order } : null;
  };
  return {
    sdl: readSubgraphSdl('orders'),
    resolvers: {
      Query: {
        order: (_: unknown, { id }: { id: string }) => ordersById.get(id),
        orders: (_: unknown, filter: OrderFilter) => select(orders, filter),
      },
      Mutation: { placeOrder },
      Order: {
        total: ({ items }: Order) => items.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0),
        customer: ({ userId }: Order) => ({ id: userId }),
        shipments: (order: Order): OrderShipment[] => order.shipments.map((shipment) => ({ ...shipment, order })),
      },
      OrderItem: { product: ({ productId }: OrderItem) => ({ id: productId }) },
      User: {
        orders: ({ id }: { id: string }, filter: OrderFilter) => select(ordersByUser.get(id) ?? [], filter),
      },
    },
    entities: {
      Order: ({ id }: { id: string }) => ordersById.get(id) ?? null,
      Shipment: findShipment,
      User: ({ id }: { id: string }) => (usersById.has(id) ? { id } : null),
    },
  };
}

function select(orders: readonly Order[], { first, status }: OrderFilter): readonly Order[] {
  return takeNewest(status ? orders.filter((order) => order.status === status) : orders, first);
}

/** Throws `BAD_USER_INPUT` for an order that cannot be taken. */
function writeOrder(
  id: string,
  { userId, items, shippingAddress }: PlaceOrderInput,
  usersById: ReadonlyMap<string, User>,
  productsById: ReadonlyMap<string, Product>,
): Order {
  const customer = usersById.get(userId);
  if (!customer) throw badInput(`There is no user "${userId}".`);
  if (items.length === 0) throw badInput('An order needs at least one item.');
  return {
    id,
    userId,
    status: 'PENDING',
    placedAt: new Date().toISOString(),
    items: items.map((item) => writeItem(item, productsById)),
    shippingAddress: shippingAddress ?? customer.address,
    shipments: [],
  };
}

function writeItem(
  { productId, quantity }: PlaceOrderInput['items'][number],
  productsById: ReadonlyMap<string, Product>,
): OrderItem {
  const product = productsById.get(productId);
  if (!product) throw badInput(`There is no product "${productId}".`);
  if (quantity < 1 || quantity > MAX_QUANTITY) {
    throw badInput(`The quantity of "${productId}" must be 1 to ${MAX_QUANTITY}, not ${quantity}.`);
  }
  return { productId, quantity, unitPrice: product.price };
}
