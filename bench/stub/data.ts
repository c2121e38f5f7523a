/**
 * What the subgraphs of the bench know: a shop with people who review its products. Objects point at one another as the
 * whole graph does; each subgraph answers only what its schema has.
 */
export interface Person {
  readonly __typename: 'User';
  readonly id: string;
  readonly name: string;
  readonly username: string;
  readonly birthday: number;
  readonly reviews: readonly Review[];
}

export interface Product {
  readonly __typename: 'Product';
  readonly upc: string;
  readonly name: string;
  readonly price: number;
  readonly weight: number;
  readonly inStock: boolean;
  readonly shippingEstimate: number;
  readonly reviews: readonly Review[];
}

export interface Review {
  readonly __typename: 'Review';
  readonly id: string;
  readonly body: string;
  readonly product: Product;
  readonly author: Person;
}

const NAMES = ['Amina Okafor', 'Björn Lund', 'Chiara Conti', 'Dimitri Petrov', 'Elif Kaya', 'Fergus Byrne'];
const GOODS = ['Kettle', 'Hammock', 'Lantern', 'Stool', 'Radio', 'Compass', 'Blanket', 'Toolbox', 'Tent'];
const WORDS = 'it holds well after a long winter and the handle is warm but its colour has faded in strong sun'.split(
  ' ',
);

/** For each review, the product's index and the length of its text in characters. */
const REVIEWS: readonly (readonly [number, number])[] = [
  [0, 440],
  [0, 300],
  [0, 270],
  [0, 150],
  [1, 430],
  [1, 290],
  [1, 280],
  [1, 140],
  [2, 160],
  [3, 150],
  [3, 830],
];

/** An estimate of the kind that needs two fields of another subgraph. */
export function shippingEstimate(price: number, weight: number): number {
  return price > 1000 ? 0 : Math.floor(weight / 2);
}

export const people: readonly Person[] = NAMES.map((name, index) => ({
  __typename: 'User',
  id: `${index + 1}`,
  name,
  username: name.toLowerCase().replace(/\W+/g, '.'),
  birthday: 600_000_000 + index * 1_000_000,
  get reviews() {
    return [reviews[index], reviews[index + 5]].filter((review) => review !== undefined);
  },
}));

export const products: readonly Product[] = GOODS.map((name, index) => {
  const price = 150 + ((index * 437) % 1900);
  const weight = 40 + index * 110;
  return {
    __typename: 'Product',
    upc: `${index + 1}`,
    name,
    price,
    weight,
    inStock: index % 3 !== 1,
    shippingEstimate: shippingEstimate(price, weight),
    get reviews() {
      return reviews.filter((_, review) => REVIEWS[review]?.[0] === index);
    },
  };
});

export const reviews: readonly Review[] = REVIEWS.map(([product, length], index) => ({
  __typename: 'Review',
  id: `${index + 1}`,
  body: sentence(length * 1.25, index),
  get product() {
    return products[product] as Product;
  },
  get author() {
    return people[(index * 5) % people.length] as Person;
  },
}));

function sentence(length: number, seed: number): string {
  let text = '';
  for (let at = seed * 3; text.length < length; at++) text += `${text && ' '}${WORDS[at % WORDS.length]}`;
  return `${text.slice(0, length - 1)}.`;
}
