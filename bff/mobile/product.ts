import { defineShape } from 'headgate';

interface Data {
  readonly product: Readonly<Record<string, unknown>> & { readonly price: number };
}

/** Phones show prices as they are written: the shop's are in cents of a euro. */
function priceText(cents: number): string {
  return `€${(cents / 100).toFixed(2)}`;
}

export default defineShape(({ product }: Data) => ({ ...product, price: priceText(product.price) }));

/** What comes of it, for the documentation and the generated clients. */
export const schema = {
  type: 'object',
  title: 'MobileProduct',
  properties: {
    id: { type: 'string' },
    name: { type: 'string' },
    price: { type: 'string', description: 'As it is written.', examples: ['€49.00'] },
    picture: { type: 'string', format: 'uri' },
    inStock: { type: ['boolean', 'null'] },
    rating: { type: ['number', 'null'] },
    reviews: {
      type: 'array',
      items: {
        type: 'object',
        properties: { rating: { type: 'integer' }, body: { type: 'string' } },
        required: ['rating', 'body'],
      },
    },
  },
  required: ['id', 'name', 'price', 'picture', 'inStock', 'rating', 'reviews'],
};
