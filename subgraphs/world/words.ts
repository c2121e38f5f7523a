/** What the generated people, products and reviews are called and say. */

export const FIRST_NAMES = (
  'Amara Anton Astrid Beatriz Caleb Chiara Dalia Daniel Elif Emeka Esther Farid Freya Gabriel Greta Hana Hugo Ines ' +
  'Ishaan Jonas Julia Kai Lena Leon Lucia Malik Marta Mateo Mei Nadia Nils Noor Oskar Petra Priya Rafael Rosa Samir ' +
  'Sofia Tariq Thea Viktor Wanda Yuki Zoe'
).split(' ');

export const LAST_NAMES = (
  'Abebe Almeida Andersson Baker Becker Brandt Castillo Chen Costa Dubois Eriksen Fischer Fontana Garcia Haddad Hansen ' +
  'Horvat Ivanova Jansen Kaya Keller Kim Kowalski Laurent Lindqvist Lopez Marino Mbeki Moreau Nakamura Novak Okafor ' +
  'Patel Quinn Rahman Rossi Santos Schmidt Silva Tanaka Vargas Weber Yilmaz Zhang'
).split(' ');

export const STREETS =
  'Harbour Street,Mill Lane,Station Road,Linden Avenue,Market Square,Church Hill,River Walk,Oak Drive'.split(',');

/** City, country (ISO 3166-1 alpha-2), and the shape of its postcodes (`#` is a digit). */
export const CITIES: readonly (readonly [city: string, country: string, postcode: string])[] = [
  ['Berlin', 'DE', '10###'],
  ['Hamburg', 'DE', '20###'],
  ['Lyon', 'FR', '690##'],
  ['Milan', 'IT', '201##'],
  ['Porto', 'PT', '4###-0##'],
  ['Gdansk', 'PL', '80-###'],
  ['Malmo', 'SE', '21# ##'],
  ['Utrecht', 'NL', '35## AB'],
  ['Portland', 'US', '972##'],
  ['Austin', 'US', '787##'],
  ['Osaka', 'JP', '53#-00##'],
  ['Melbourne', 'AU', '30##'],
];

export const BRANDS: readonly (readonly [name: string, country: string])[] = [
  ['Nordlys', 'NO'],
  ['Casa Verde', 'PT'],
  ['Hartmann', 'DE'],
  ['Maison Laval', 'FR'],
  ['Kitsune Works', 'JP'],
  ['Alder & Pine', 'US'],
  ['Torvald', 'SE'],
  ['Lumen Labs', 'NL'],
  ['Bottega Rossa', 'IT'],
  ['Summit Trail', 'US'],
  ['Saltwater', 'AU'],
  ['Wren', 'GB'],
];

export const SERIES = (
  'Aspen Atlas Birch Breeze Canyon Cedar Comet Coral Drift Ember Fjord Glow Harbor Indigo Juniper Koi Lumo Maple ' +
  'Meadow Mono Nova Onyx Orbit Pebble Quill Rio Sable Sierra Terra Vesper Willow Zephyr'
).split(' ');

export interface ProductKind {
  readonly noun: string;
  readonly category: string;
  /** In whole euros, lowest and highest. */
  readonly euros: readonly [number, number];
  /** In grams, lowest and highest. */
  readonly grams: readonly [number, number];
}

const kind = (
  category: string,
  noun: string,
  euros: readonly [number, number],
  grams: readonly [number, number],
): ProductKind => ({ category, noun, euros, grams });

export const PRODUCT_KINDS: readonly ProductKind[] = [
  kind('Lighting', 'Desk Lamp', [29, 149], [900, 2600]),
  kind('Lighting', 'Floor Lamp', [79, 329], [3200, 8500]),
  kind('Lighting', 'Pendant Light', [45, 260], [800, 3400]),
  kind('Kitchen', 'Chef Knife', [25, 180], [180, 320]),
  kind('Kitchen', 'Espresso Cups', [18, 60], [500, 1100]),
  kind('Kitchen', 'Cast Iron Pan', [35, 140], [1800, 3900]),
  kind('Kitchen', 'Kettle', [29, 119], [900, 1600]),
  kind('Furniture', 'Lounge Chair', [249, 1290], [9000, 19000]),
  kind('Furniture', 'Side Table', [79, 420], [3500, 9800]),
  kind('Furniture', 'Bookshelf', [119, 690], [12000, 34000]),
  kind('Audio', 'Headphones', [59, 399], [180, 380]),
  kind('Audio', 'Bookshelf Speakers', [129, 890], [4200, 11000]),
  kind('Audio', 'Turntable', [149, 990], [3900, 9500]),
  kind('Outdoor', 'Daypack', [49, 160], [480, 1250]),
  kind('Outdoor', 'Two-Person Tent', [139, 620], [1400, 3200]),
  kind('Outdoor', 'Camp Stove', [29, 130], [90, 650]),
  kind('Outdoor', 'Water Bottle', [12, 45], [150, 420]),
  kind('Textiles', 'Wool Throw', [49, 190], [700, 1800]),
  kind('Textiles', 'Linen Bedding', [89, 310], [1600, 3100]),
  kind('Textiles', 'Bath Towels', [25, 95], [800, 1900]),
  kind('Office', 'Mechanical Keyboard', [79, 280], [650, 1500]),
  kind('Office', 'Notebook Set', [9, 35], [250, 700]),
  kind('Office', 'Monitor Stand', [39, 180], [1500, 4200]),
  kind('Garden', 'Pruning Shears', [15, 70], [200, 420]),
  kind('Garden', 'Planter', [19, 140], [1100, 9000]),
];

/** How a review begins, by its rating; `{}` stands for the product's name, which may be a plural. */
export const REVIEW_OPENINGS: Readonly<Record<number, readonly string[]>> = {
  1: ['Sent the {} back the same week.', 'The {} broke within days.', 'I regret buying the {}.'],
  2: ['I expected more of the {}.', 'Would not buy the {} again.', 'The {} promised more.'],
  3: ['Mixed feelings about the {}.', 'The {} did the job, no more and no less.', 'I have seen worse than the {}.'],
  4: ['Very happy with the {}.', 'The {} came close to perfect.', 'I can recommend the {}.'],
  5: ['I love the {}.', 'Could not wish for better than the {}.', 'Five stars for the {}.'],
};

export const REVIEW_DETAILS: readonly string[] = [
  'Delivery took two days.',
  'The colour is a little darker than in the pictures.',
  'It was packed without any plastic.',
  'My neighbour has ordered one too.',
  'The material feels solid.',
  'I use it every day.',
  'The manual could be clearer.',
  'It is heavier than I thought.',
  'It fits our small flat well.',
  'It was a gift, and it was well received.',
];
