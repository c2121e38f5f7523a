import { gatewayOver, stubSubgraph, type TestGateway } from '../sources/stitched/gateway.ts';
import type { StubService } from '../sources/stitched/stub-service.ts';

const PRODUCTS = `
  type Query {
    products: [Product!]! @cacheControl(maxAge: 60)
    product(id: ID!): Product @cacheControl(maxAge: 60) @cacheTag(format: "lookup-{$args.id}")
    me: User @cacheControl(maxAge: 60, scope: PRIVATE)
    unhinted: [Product!]!
    favourite(id: ID = "1"): Product @cacheControl(maxAge: 60) @cacheTag(format: "favourite-{$args.id}")
  }
  type Mutation {
    rename(id: ID!, name: String!): Product @invalidates(tags: ["product-{$args.id}"])
    touch(id: ID!): Boolean
    prefer(id: ID = "1"): Boolean @invalidates(tags: ["favourite-{$args.id}"])
  }
  type Product @key(fields: "id") @cacheControl(maxAge: 30) @cacheTag(format: "product-{$key.id}") { id: ID! name: String }
  type User { name: String }`;

const REVIEWS = `
  type Query { latest: String }
  type Product @key(fields: "id") @cacheControl(maxAge: 30) @cacheTag(format: "product-{$key.id}") {
    id: ID!
    stars(scale: Int = 5): Int
    price: Float
  }`;

/** The data of a shop. Tests change it behind the back of the gateway. */
export interface ShopData {
  names: Record<string, string>;
  stars: Record<string, number | null>;
}

type ShopSubgraph = StubService & { readonly file: string };

export interface Shop extends TestGateway {
  readonly products: ShopSubgraph;
  readonly reviews: ShopSubgraph;
  readonly data: ShopData;
  /** How many requests each subgraph has had since the last call. */
  counts(): { products: number; reviews: number };
}

/**
 * A gateway with the cache before two subgraphs: the products of a shop, and their reviews.
 * @param bff the folder of its endpoints
 */
export async function shop(cache: object = {}, config: object = {}, bff?: string): Promise<Shop> {
  const data: ShopData = { names: { 1: 'Lamp', 2: 'Desk', 3: 'Sofa' }, stars: { 1: 5, 2: 4, 3: 3 } };
  const product = (id: string) => (data.names[id] === undefined ? null : { id, name: data.names[id] });
  const products = await stubSubgraph(PRODUCTS, {
    resolvers: {
      Query: {
        products: () => Object.keys(data.names).map(product),
        product: (_: never, { id }: { id: string }) => product(id),
        me: () => ({ name: 'somebody' }),
        favourite: (_: never, { id }: { id: string }) => product(id),
        unhinted: () => Object.keys(data.names).map(product),
      },
      Mutation: {
        rename(_: never, { id, name }: { id: string; name: string }) {
          data.names[id] = name;
          return product(id);
        },
        touch: () => true,
        prefer: () => true,
      },
    },
    entities: { Product: ({ id }: { id: string }) => product(id) },
  });
  const reviews = await stubSubgraph(REVIEWS, {
    resolvers: { Product: { stars: ({ id }: { id: string }) => data.stars[id], price: () => 1.5 } },
    entities: { Product: ({ id }: { id: string }) => (data.stars[id] === undefined ? null : { id }) },
  });
  return gatewayOfShop({ products, reviews, data }, cache, config, bff);
}

/** Another gateway before the subgraphs of a shop. */
export async function gatewayOfShop(
  { products, reviews, data }: Pick<Shop, 'products' | 'reviews' | 'data'>,
  cache: object = {},
  config: object = {},
  bff?: string,
): Promise<Shop> {
  const gateway = await gatewayOver(
    { products: products.file, reviews: reviews.file },
    { response_cache: { enabled: true, jitter: '0%', ...cache }, csrf: { unsafe_disabled: true }, ...config },
    bff,
  );
  return {
    ...gateway,
    products,
    reviews,
    data,
    counts: () => ({ products: products.requests.splice(0).length, reviews: reviews.requests.splice(0).length }),
  };
}
