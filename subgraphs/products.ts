import { takeFirst } from './server/arguments.ts';
import type { ServiceDefinition } from './server/schema.ts';
import { readSubgraphSdl } from './server/sdl.ts';
import type { Brand, Product, Region, World } from './world/types.ts';

type First = { first?: number | null };

interface Offer {
  readonly sku: string;
  readonly region: Region;
  readonly product: Product;
}

/** What a product costs elsewhere, as a factor of its price in the EU. */
const REGION_FACTORS: Readonly<Record<Region, number>> = { EU: 1, US: 1.08, APAC: 1.12 };
const REGIONS = Object.keys(REGION_FACTORS) as Region[];

/** What is for sale, and for how much. The data cannot be changed. */
export function createProducts({ products, brands }: World): ServiceDefinition {
  const productsById = new Map(products.map((product) => [product.id, product]));
  const productsBySku = new Map(products.map((product) => [product.sku, product]));
  const brandsById = new Map(brands.map((brand) => [brand.id, brand]));
  const findOffer = ({ sku, region }: { sku: string; region: Region }): Offer | null => {
    const product = productsBySku.get(sku);
    return product ? { sku, region, product } : null;
  };
  return {
    sdl: readSubgraphSdl('products'),
    resolvers: {
      Query: {
        product: (_: unknown, { id }: { id: string }) => productsById.get(id),
        products: (_: unknown, { first }: First) => takeFirst(products, first),
        search: (_: unknown, { text, first }: First & { text: string }) =>
          takeFirst(search(products, brands, text), first),
        offer: (_: unknown, key: { sku: string; region: Region }) => findOffer(key),
      },
      Product: {
        brand: ({ brandId }: Product) => brandsById.get(brandId),
        thumbnailUrl: ({ id }: Product) => imageUrl(id, 'thumbnail'),
        imageUrl: ({ id }: Product, { width }: { width?: number | null }) => imageUrl(id, `main-${width ?? 800}`),
        media: (product: Product, { first }: First) => takeFirst(mediaOf(product), first),
        offers: ({ sku }: Product) => REGIONS.map((region) => findOffer({ sku, region })),
        related: (product: Product, { first }: First) => takeFirst(relatedTo(product, products), first),
      },
      Brand: {
        products: ({ id }: Brand, { first }: First) =>
          takeFirst(
            products.filter(({ brandId }) => brandId === id),
            first,
          ),
      },
      Offer: {
        price: ({ product, region }: Offer) => Math.round(product.price * REGION_FACTORS[region]),
      },
    },
    entities: {
      Product: ({ id, sku }: { id?: string; sku?: string }) =>
        (id === undefined ? productsBySku.get(sku ?? '') : productsById.get(id)) ?? null,
      Brand: ({ id }: { id: string }) => brandsById.get(id) ?? null,
      Offer: findOffer,
    },
  };
}

function search(products: readonly Product[], brands: readonly Brand[], text: string): object[] {
  const wanted = text.toLowerCase();
  const matches = ({ name }: { name: string }): boolean => name.toLowerCase().includes(wanted);
  return [
    ...brands.filter(matches).map((brand) => ({ __typename: 'Brand', ...brand })),
    ...products.filter(matches).map((product) => ({ __typename: 'Product', ...product })),
  ];
}

function imageUrl(productId: string, name: string): string {
  return `https://images.example.com/products/${productId}/${name}.jpg`;
}

/** Two pictures of each product, and a film of the heavy ones: nobody wants to carry those to try them. */
function mediaOf({ id, name, weight }: Product): object[] {
  const picture = (view: string): object => ({
    __typename: 'Image',
    url: imageUrl(id, view),
    alt: `${name}, ${view}`,
    width: 1600,
    height: 1200,
  });
  const film = {
    __typename: 'Video',
    url: `https://images.example.com/products/${id}/film.mp4`,
    alt: `${name} in use`,
    duration: 45,
  };
  return weight > 3000 ? [picture('front'), film, picture('side')] : [picture('front'), picture('side')];
}

/** Of the same category, the nearest in price first. */
function relatedTo(product: Product, products: readonly Product[]): Product[] {
  const distance = (other: Product): number => Math.abs(other.price - product.price);
  return products
    .filter((other) => other !== product && other.category === product.category)
    .sort((left, right) => distance(left) - distance(right));
}
