// The floor: no gateway, but a program written by hand for the queries of the bench and no other. It knows what to ask,
// in the fewest requests, and how the answers fit; it parses no query, plans nothing, and checks nothing.
// With FLOOR=static it computes each answer once and sends the same bytes ever after: the cost of HTTP alone.
import { createServer } from 'node:http';
import { Pool } from 'undici';

const { PORT, SUBGRAPHS, FLOOR } = process.env;
const pool = new Pool(SUBGRAPHS, { connections: 256 });
const JSON_HEADERS = { 'content-type': 'application/json' };

/** Reads the whole answer, and hands on its `data`. */
class Call {
  constructor(resolve, reject) {
    this.resolve = resolve;
    this.onError = reject;
    this.chunks = [];
  }
  onConnect() {}
  onHeaders() {
    return true;
  }
  onData(chunk) {
    this.chunks.push(chunk);
    return true;
  }
  onComplete() {
    const bytes = this.chunks.length === 1 ? this.chunks[0] : Buffer.concat(this.chunks);
    this.resolve(JSON.parse(bytes.toString()).data);
  }
}

function ask(subgraph, body) {
  return new Promise((resolve, reject) => {
    pool.dispatch({ path: `/${subgraph}`, method: 'POST', headers: JSON_HEADERS, body }, new Call(resolve, reject));
  });
}

/** A body that is known whole, or the begin of one that ends with the given variables. */
const fixed = (query) => `{"query":${JSON.stringify(query)}}`;
const open = (query) => `{"query":${JSON.stringify(query)},"variables":`;
const entities = (fields) => open(`query($r:[_Any!]!){_entities(representations:$r){${fields}}}`);

const LEAF = 'id body product{upc}';
const AUTHOR = `author{id username reviews{${LEAF}}}`;
const USERS = fixed('{users{id username name}}');
const TOP = fixed('{topProducts{upc name price weight}}');
const DEEP = open(
  `query($u:[_Any!]!,$p:[_Any!]!){u:_entities(representations:$u){...on User{reviews{id body product{upc reviews{id body ${AUTHOR}}}}}}p:_entities(representations:$p){...on Product{reviews{id body ${AUTHOR}}}}}`,
);
const NAMES = entities('...on User{name}');
const DETAILS = entities('...on Product{name price weight}');
const STOCK = entities('...on Product{inStock shippingEstimate}');
const SOME = open('query($first:Int){topProducts(first:$first){upc name price}}');
const REVIEWS = entities('...on Product{reviews{id body author{id username}}}');
const ME = fixed('{me{id name}}');

const user = (id) => `{"__typename":"User","id":${JSON.stringify(id)}}`;
const product = (upc) => `{"__typename":"Product","upc":${JSON.stringify(upc)}}`;
const priced = ({ upc, price, weight }) =>
  `{"__typename":"Product","upc":${JSON.stringify(upc)},"price":${price},"weight":${weight}}`;

function remember(groups, key, object) {
  const group = groups.get(key);
  if (group) group.push(object);
  else groups.set(key, [object]);
}

async function main() {
  const [{ users }, { topProducts }] = await Promise.all([ask('accounts', USERS), ask('products', TOP)]);
  const variables = `{"u":[${users.map(({ id }) => user(id))}],"p":[${topProducts.map(({ upc }) => product(upc))}]}}`;
  const deep = await ask('reviews', DEEP + variables);
  const products = new Map();
  const authors = new Map();
  const takeAuthor = (author) => {
    remember(authors, author.id, author);
    for (const review of author.reviews) remember(products, review.product.upc, review.product);
  };
  for (let i = 0; i < users.length; i++) {
    users[i].reviews = deep.u[i].reviews;
    for (const { product: reviewed } of users[i].reviews) {
      remember(products, reviewed.upc, reviewed);
      for (const review of reviewed.reviews) takeAuthor(review.author);
    }
  }
  for (let i = 0; i < topProducts.length; i++) {
    topProducts[i].reviews = deep.p[i].reviews;
    for (const review of topProducts[i].reviews) takeAuthor(review.author);
  }
  await fill(products, authors, topProducts);
  return { users: users.map(showUser), topProducts: topProducts.map(showTop) };
}

async function fill(products, authors, topProducts) {
  const ids = [...authors.keys()];
  const upcs = [...products.keys()];
  const [names, details] = await Promise.all([
    ask('accounts', `${NAMES}{"r":[${ids.map(user)}]}}`),
    ask('products', `${DETAILS}{"r":[${upcs.map(product)}]}}`),
  ]);
  for (let i = 0; i < ids.length; i++) for (const one of authors.get(ids[i])) one.name = names._entities[i].name;
  for (let i = 0; i < upcs.length; i++) {
    const { name, price, weight } = details._entities[i];
    for (const one of products.get(upcs[i])) {
      one.name = name;
      one.price = price;
      one.weight = weight;
    }
  }
  for (const top of topProducts) remember(products, top.upc, top);
  const groups = [...products.values()];
  const stock = await ask('inventory', `${STOCK}{"r":[${groups.map(([first]) => priced(first))}]}}`);
  for (let i = 0; i < groups.length; i++) {
    const { inStock, shippingEstimate } = stock._entities[i];
    for (const one of groups[i]) {
      one.inStock = inStock;
      one.shippingEstimate = shippingEstimate;
    }
  }
}

// Fields in the order of the query.
const showProduct = ({ inStock, name, price, shippingEstimate, upc, weight }) => ({
  inStock,
  name,
  price,
  shippingEstimate,
  upc,
  weight,
});
const showLeaf = (review) => ({ id: review.id, body: review.body, product: showProduct(review.product) });
const showAuthor = ({ id, username, name, reviews }) => ({ id, username, name, reviews: reviews.map(showLeaf) });
const showReview = ({ id, body, author }) => ({ id, body, author: showAuthor(author) });
const withReviews = (one) => ({ ...showProduct(one), reviews: one.reviews.map(showReview) });
const showTop = withReviews;
const showUser = ({ id, username, name, reviews }) => ({
  id,
  username,
  name,
  reviews: reviews.map((review) => ({ id: review.id, body: review.body, product: withReviews(review.product) })),
});

async function varied(first) {
  const { topProducts } = await ask('products', `${SOME}{"first":${first}}}`);
  const upcs = topProducts.map(({ upc }) => product(upc));
  const { _entities: reviewed } = await ask('reviews', `${REVIEWS}{"r":[${upcs}]}}`);
  const authors = new Map();
  for (let i = 0; i < topProducts.length; i++) {
    topProducts[i].reviews = reviewed[i].reviews;
    for (const { author } of topProducts[i].reviews) remember(authors, author.id, author);
  }
  const ids = [...authors.keys()];
  if (ids.length > 0) {
    const { _entities: named } = await ask('accounts', `${NAMES}{"r":[${ids.map(user)}]}}`);
    for (let i = 0; i < ids.length; i++) for (const one of authors.get(ids[i])) one.name = named[i].name;
  }
  return { topProducts };
}

async function answer({ query, variables }) {
  if (query.includes('TestQuery')) return main();
  if (query.includes('Varied')) return varied(variables.first);
  return query.includes('me {') ? ask('accounts', ME) : { __typename: 'Query' };
}

const texts = new Map();

async function textOf(body) {
  const known = texts.get(body);
  if (known) return known;
  const text = JSON.stringify({ data: await answer(JSON.parse(body)) });
  if (FLOOR !== 'static') return text;
  const bytes = Buffer.from(text);
  texts.set(body, bytes);
  return bytes;
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', async () => {
    try {
      response.writeHead(200, JSON_HEADERS).end(await textOf(body));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
});
server.listen(Number(PORT), '127.0.0.1');
