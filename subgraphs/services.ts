import { createInventory } from './inventory.ts';
import { createNotifications } from './notifications.ts';
import { createOrders } from './orders.ts';
import { createProducts } from './products.ts';
import { createRecommendations } from './recommendations.ts';
import { createReviews } from './reviews.ts';
import { createGraphQLHandler } from './server/graphql.ts';
import type { RequestHandler } from './server/http.ts';
import { buildServiceSchema, type ServiceDefinition } from './server/schema.ts';
import { createUsers } from './users.ts';
import type { World } from './world/types.ts';

interface DemoService {
  readonly defaultPort: number;
  /** What comes after the port in its URL. */
  readonly path: '/graphql' | '';
  createHandler(world: World): RequestHandler;
}

/** Every service of the demo, in the order of their ports. */
export const SERVICES = {
  users: graphqlService(4001, createUsers),
  products: graphqlService(4002, createProducts),
  orders: graphqlService(4003, createOrders),
  reviews: graphqlService(4004, createReviews),
  inventory: graphqlService(4005, createInventory),
  recommendations: { defaultPort: 4006, path: '', createHandler: createRecommendations },
  notifications: graphqlService(4007, createNotifications),
} satisfies Record<string, DemoService>;

export type ServiceName = keyof typeof SERVICES;

export const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];

function graphqlService(defaultPort: number, create: (world: World) => ServiceDefinition): DemoService {
  return {
    defaultPort,
    path: '/graphql',
    createHandler: (world) => createGraphQLHandler(buildServiceSchema(create(world))),
  };
}
