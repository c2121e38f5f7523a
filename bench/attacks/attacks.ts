/** A request that is made to cost the gateway as much as it can. */
export interface Attack {
  readonly name: string;
  readonly method?: 'GET' | 'POST' | undefined;
  /** From the root of the server; `/graphql` without it. */
  readonly path?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

/** Just within the default of `limits.http_max_request_bytes`. */
const BODY = 1_990_000;
/** Just within the default of `limits.max_variables_bytes`. */
const VARIABLES = 990_000;
/** What Node's HTTP parser takes of all headers together, less what every request has. */
const HEADERS = 15_000;
/** Just within the default of `limits.http_max_url_bytes`. */
const URL_LENGTH = 8_000;

/** Repeats a part, with its number, until the text has so many characters. */
function fill(characters: number, part: (i: number) => string, separator = ''): string {
  const parts: string[] = [];
  for (let length = 0, i = 0; ; i++) {
    const text = part(i);
    length += text.length + separator.length;
    if (length > characters) return parts.join(separator);
    parts.push(text);
  }
}

const times = (count: number, part: (i: number) => string, separator = ' ') =>
  Array.from({ length: count }, (_, i) => part(i)).join(separator);

/** Opens and closes `depth` times around a middle. */
const nest = (depth: number, open: string, middle: string, close: string) =>
  open.repeat(depth) + middle + close.repeat(depth);

const graphql = (name: string, body: string, headers: Record<string, string> = {}): Attack => ({ name, body, headers });
const document = (name: string, query: string): Attack => graphql(name, JSON.stringify({ query }));

/** `value`: the JSON text of `$v`. */
const variable = (name: string, type: string, use: string, value: string): Attack =>
  graphql(name, `{"query":"query ($v: ${type}) { ${use} }","variables":{"v":${value}}}`);

const endpoint = (name: string, body: string): Attack => ({ name, path: '/bff/shop/save', body });

const item = 'item(filter: $v) { id }';
const unknownFields = (size: number) => `{${fill(size, (i) => `"k${i}":1`, ',')}}`;

const VARIABLE_ATTACKS: readonly Attack[] = [
  variable('variables: unknown fields of an input object', 'Filter', item, unknownFields(VARIABLES)),
  variable(
    'variables: unknown fields, near to known ones',
    'WideInput',
    'item(wide: $v) { id }',
    `{${fill(VARIABLES, (i) => `"field_${i}x":1`, ',')}}`,
  ),
  variable(
    'variables: a list of objects with an unknown field each',
    '[Filter!]',
    'items(filters: $v) { id }',
    `[${fill(VARIABLES, (i) => `{"k${i}":1}`, ',')}]`,
  ),
  variable(
    'variables: a list of empty objects of a wide type',
    '[WideInput!]',
    'items(wides: $v) { id }',
    `[${fill(VARIABLES, () => '{}', ',')}]`,
  ),
  variable(
    'variables: a list of items of a wrong type',
    '[[Int]]',
    'item(grid: $v) { id }',
    `[${fill(VARIABLES, () => '"a"', ',')}]`,
  ),
  variable(
    'variables: a list of values that a wide enum does not have',
    '[Colour!]',
    'items(colours: $v) { id }',
    `[${fill(VARIABLES, (i) => `"COLOR_${i}"`, ',')}]`,
  ),
  variable(
    'variables: one long value that a wide enum does not have',
    'Colour',
    'item(colour: $v) { id }',
    `"${'C'.repeat(VARIABLES)}"`,
  ),
  variable('variables: a long string for a number', 'Int', 'items(first: $v) { id }', `"${'1'.repeat(VARIABLES)}"`),
  variable('variables: a long number', 'Int', 'items(first: $v) { id }', '1'.repeat(VARIABLES)),
  variable('variables: an object for a string', 'String', 'item(id: $v) { id }', unknownFields(VARIABLES)),
  variable(
    'variables: valid, a list of ids',
    '[ID!]',
    'item(ids: $v) { id }',
    `[${fill(VARIABLES, (i) => `${i}`, ',')}]`,
  ),
  variable(
    'variables: valid, a list of objects',
    '[Filter!]',
    'items(filters: $v) { id }',
    `[${fill(VARIABLES, () => '{"text":"a"}', ',')}]`,
  ),
  variable('variables: nested 90,000 times in an input object', 'Filter', item, nest(90_000, '{"not":', '{}', '}')),
  variable(
    'variables: nested 90 times, wide',
    'Filter',
    item,
    nest(
      90,
      '{"and":[{},',
      fill(8_000, () => '{}', ','),
      ']}',
    ),
  ),
  variable(
    'variables: a custom scalar nested 400,000 times',
    'JSON',
    'item(json: $v) { id }',
    nest(400_000, '[', '', ']'),
  ),
  variable('variables: many keys of oneOf', 'One', 'item(one: $v) { id }', unknownFields(VARIABLES)),
  variable(
    'variables: keys that objects inherit',
    'Filter',
    item,
    `{${fill(VARIABLES, (i) => `"__proto__${i}":{"constructor":1}`, ',')}}`,
  ),
  variable('variables: one key again and again', 'Filter', item, `{${fill(VARIABLES, () => '"text":1', ',')}}`),
  variable(
    'variables: `__proto__` again and again',
    'Filter',
    item,
    `{${fill(VARIABLES, () => '"__proto__":{}', ',')}}`,
  ),
  variable('variables: larger than they may be', 'JSON', 'item(json: $v) { id }', `"${'a'.repeat(BODY - 200)}"`),
  graphql(
    'variables: many that no operation declares',
    `{"query":"query ($v: Int) { items(first: $v) { id } }","variables":${unknownFields(BODY - 200)}}`,
  ),
  document(
    'variables: many definitions, all required',
    `query (${times(3_000, (i) => `$v${i}: Filter!`)}) { item { id } }`,
  ),
  document(
    'variables: many definitions, used',
    `query (${times(2_000, (i) => `$v${i}: Int!`)}) { ${times(150, (i) => `a${i}: items(first: $v${i}) { id }`)} }`,
  ),
  document(
    'variables: defaults of wide objects',
    `query ($v: [WideInput!] = [${times(5_000, () => '{}')}]) { items(wides: $v) { id } }`,
  ),
  graphql(
    'variables: an error after two million lines',
    JSON.stringify({
      query: `${'\n'.repeat(BODY - 200_000)}query (${times(50, (i) => `$v${i}: Int!`)}) { item { id } }`,
    }),
  ),
];

const DOCUMENT_ATTACKS: readonly Attack[] = [
  document('document: blanks', `${' '.repeat(BODY - 100)}{ item { id } }`),
  document('document: commas', `{ item { id }${','.repeat(BODY - 100)} }`),
  graphql(
    'document: line breaks, then a syntax error',
    JSON.stringify({ query: `${'\n'.repeat(900_000)}{ item { id } ` }),
  ),
  graphql(
    'document: line breaks, then invalid fields',
    JSON.stringify({ query: `${'\n'.repeat(900_000)}{ ${times(1_000, (i) => `unknown${i}`)} }` }),
  ),
  document('document: a comment', `#${'a'.repeat(BODY - 100)}\n{ item { id } }`),
  graphql('document: many comments', JSON.stringify({ query: `${'#\n'.repeat(600_000)}{ item { id } }` })),
  document('document: a long name', `{ ${'a'.repeat(BODY - 100)} }`),
  document('document: a long string', `{ item(id: "${'a'.repeat(BODY - 100)}") { id } }`),
  graphql(
    'document: a string of escapes',
    JSON.stringify({ query: `{ item(id: "${'\\u0041'.repeat(250_000)}") { id } }` }),
  ),
  document('document: a block string of blanks', `{ item(id: """${' '.repeat(BODY - 200)}""") { id } }`),
  graphql(
    'document: a block string of lines',
    JSON.stringify({ query: `{ item(id: """${'\n a'.repeat(400_000)}""") { id } }` }),
  ),
  document('document: a long number', `{ items(first: ${'1'.repeat(BODY - 200)}) { id } }`),
  document('document: a long syntax error', `{ item(id: "${'a'.repeat(BODY - 200)}`),
  document('document: braces', '{'.repeat(BODY - 100)),
  document('document: brackets, closed', `{ item(grid: ${nest(400_000, '[', '', ']')}) { id } }`),
  document('document: brackets, as deep as they may be', `{ item(grid: ${nest(490, '[', '', ']')}) { id } }`),
  document('document: objects, as deep as they may be', `{ item(filter: ${nest(480, '{not: ', '{}', '}')}) { id } }`),
  document(
    'document: types of lists, as deep as they may be',
    `query ($v: ${nest(480, '[', 'Int', ']')}) { item(grid: $v) { id } }`,
  ),
  document('document: too many tokens', `{ ${times(20_000, () => 'id')} }`),
  document('document: the same field again and again', `{ item { ${times(14_000, () => 'id')} } }`),
  document('document: aliases of a leaf', `{ item { ${times(4_500, (i) => `a${i}: id`)} } }`),
  document('document: aliases at the root', `{ ${times(2_000, (i) => `a${i}: item { id }`)} }`),
  document(
    'document: aliases, as many as there may be',
    `{ item { ${times(490, (i) => `a${i}: name(length: ${i})`)} } }`,
  ),
  document('document: root fields, as many as there may be', `{ ${times(190, (i) => `a${i}: item { id name }`)} }`),
  document('document: fields, as deep as they may be', `{ node ${nest(95, '{ node ', '{ id }', '}')} }`),
  document('document: fields deeper than they may be', `{ node ${nest(400, '{ node ', '{ id }', '}')} }`),
  document('document: unknown fields', `{ ${times(14_000, (i) => `unknown${i}`)} }`),
  document(
    'document: unknown fields of a wide type, near to known ones',
    `{ wide { ${times(7_000, (i) => `fieldd_${i}`)} } }`,
  ),
  document('document: unknown fields of an interface', `{ node { ${times(7_000, (i) => `kind_${i}`)} } }`),
  document('document: unknown arguments', `{ item(${times(3_500, (i) => `id${i}: 1`)}) { id } }`),
  document('document: unknown arguments of many fields', `{ item { ${times(2_000, (i) => `name(lenght${i}: 1)`)} } }`),
  document('document: the same argument again and again', `{ item(${times(3_500, () => 'id: 1')}) { id } }`),
  document('document: unknown types of fragments', `{ node { ${times(3_000, (i) => `... on Knid${i} { id }`)} } }`),
  document(
    'document: unknown types of variables',
    `query (${times(3_000, (i) => `$v${i}: Knid${i}`)}) { item { id } }`,
  ),
  document(
    'document: unknown fields of an input object',
    `{ item(filter: {${times(3_500, (i) => `txet${i}: 1`)}}) { id } }`,
  ),
  document(
    'document: unknown fields of a wide input object',
    `{ item(wide: {${times(3_500, (i) => `feld_${i}: 1`)}}) { id } }`,
  ),
  document('document: empty objects of a wide input object', `{ items(wides: [${times(4_900, () => '{}')}]) { id } }`),
  document(
    'document: values that a wide enum does not have',
    `{ items(colours: [${times(14_000, (i) => `COLOR_${i}`)}]) { id } }`,
  ),
  document('document: values of wrong types', `{ item(grid: [${times(14_000, () => '"a"')}]) { id } }`),
  document('document: unknown directives', `{ item { id ${times(7_000, (i) => `@skp${i}`)} } }`),
  document('document: the same directive again and again', `{ item { id ${times(2_400, () => '@skip(if: true)')} } }`),
  document(
    'document: conditions by many variables',
    `query (${times(900, (i) => `$v${i}: Boolean = true`)}) { item { ${times(900, (i) => `id @skip(if: $v${i})`)} } }`,
  ),
  document(
    'document: conditions of @skip and @include on nested fragments',
    `query ($a: Boolean = true, $b: Boolean = false) { item { ${nest(160, '... @skip(if: $b) @include(if: $a) { id ', 'id', '}')} } }`,
  ),
  document(
    'document: many operations',
    times(2_000, (i) => `query Q${i} { item { id } }`),
  ),
  document(
    'document: as many operations as there may be, with the same fragments',
    `${times(49, (i) => `query Q${i} { item { ...F } }`)} fragment F on Item { ${times(3_000, () => 'id')} }`,
  ),
  document(
    'document: fragments that are not used',
    `{ item { id } } ${times(2_000, (i) => `fragment F${i} on Item { id }`)}`,
  ),
  document(
    'document: a chain of fragments',
    `{ item { ...F0 } } ${times(1_500, (i) => `fragment F${i} on Item { id ...F${i + 1} }`)} fragment F1500 on Item { id }`,
  ),
  document(
    'document: fragments that double',
    `{ item { ...F0 } } ${times(40, (i) => `fragment F${i} on Item { node { ...F${i + 1} } node { ...F${i + 1} } }`)} fragment F40 on Item { id }`,
  ),
  document(
    'document: fragments that double, nested fields with aliases',
    `{ node { ...F0 } } ${times(20, (i) => `fragment F${i} on Node { a: node { ...F${i + 1} } b: node { ...F${i + 1} } }`)} fragment F20 on Node { id }`,
  ),
  document(
    'document: each fragment spreads all others',
    `{ item { ...F0 } } ${times(110, (i) => `fragment F${i} on Item { ${times(110 - i - 1, (j) => `...F${i + j + 1}`)} id }`)}`,
  ),
  document(
    'document: a circle of fragments',
    `{ item { ...F0 } } ${times(2_000, (i) => `fragment F${i} on Item { ...F${(i + 1) % 2_000} }`)}`,
  ),
  document(
    'document: many circles of fragments',
    `{ item { ...F0 } } ${times(110, (i) => `fragment F${i} on Item { ${times(110, (j) => `...F${j}`)} }`)}`,
  ),
  document('document: fields that conflict', `{ item { ${times(3_000, (i) => `a: name(length: ${i})`)} } }`),
  document(
    'document: fields that conflict below others',
    `{ ${times(700, (i) => `item { node { name(length: ${i}) } }`)} }`,
  ),
  document(
    'document: fields that do not conflict, pair by pair',
    `{ node { ${times(1_000, (i) => `... on Kind${i % 30} { node { name(length: 1) } }`)} } }`,
  ),
  document(
    'document: fragments for every type, nested',
    `{ node { ${times(4, (k) => times(30, (i) => `... on Kind${i} { n${k}: node { ${times(8, (j) => `... on Kind${j} { node { name(length: 1) } }`)} } }`))} } }`,
  ),
  document(
    'document: interfaces within interfaces',
    `{ node ${nest(60, '{ ... on Item { node { ... on Other { node ', '{ id }', '} } } }')} }`,
  ),
  document(
    'document: subscriptions',
    times(2_000, (i) => `subscription S${i} { a b c }`),
  ),
  document(
    'document: definitions of types',
    times(4_000, (i) => `type T${i} { a: Int }`),
  ),
  graphql(
    'document: a long operationName',
    JSON.stringify({ query: '{ item { id } }', operationName: 'a'.repeat(BODY - 200) }),
  ),
  graphql(
    'document: an operationName that many operations do not have',
    JSON.stringify({ query: times(49, (i) => `query ${'Q'.repeat(30_000)}${i} { item { id } }`), operationName: 'a' }),
  ),
];

const types = 'types { name fields { name type { name';
const INTROSPECTION_ATTACKS: readonly Attack[] = [
  document(
    'introspection: types of fields of types',
    `{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } }`,
  ),
  document('introspection: aliases', `{ ${times(190, (i) => `a${i}: __schema { ${types} } } } }`)} }`),
  document(
    'introspection: __type again and again',
    `{ ${times(190, (i) => `a${i}: __type(name: "Wide") { fields { args { name type { name } } } }`)} }`,
  ),
  document(
    'introspection: ofType, as deep as it may be',
    `{ __schema { types { fields { type ${nest(90, '{ ofType ', '{ name }', '}')} } } } }`,
  ),
  document(
    'introspection: interfaces and possible types',
    `{ __schema { types { interfaces { possibleTypes { interfaces { possibleTypes { interfaces { name } } } } } } } }`,
  ),
  document(
    'introspection: fragments that double',
    `{ __schema { types { ...F0 } } } ${times(40, (i) => `fragment F${i} on __Type { a${i}: ofType { ...F${i + 1} } b${i}: ofType { ...F${i + 1} } }`)} fragment F40 on __Type { name }`,
  ),
  document(
    'introspection: fragments that double over fields',
    `{ __schema { types { ...F0 } } } ${times(10, (i) => `fragment F${i} on __Type { a${i}: fields { type { ...F${i + 1} } } b${i}: fields { type { ...F${i + 1} } } }`)} fragment F10 on __Type { name }`,
  ),
  document(
    'introspection: the whole schema',
    `{ __schema { ${types} kind ofType { name } } args { name type { name } } } enumValues { name } } } }`,
  ),
];

const JSON_ATTACKS: readonly Attack[] = [
  graphql('JSON: lists, nested', nest(990_000, '[', '', ']')),
  graphql('JSON: lists, never closed', '['.repeat(BODY)),
  graphql('JSON: extensions, nested', `{"query":"{ item { id } }","extensions":{"a":${nest(400_000, '[', '', ']')}}}`),
  graphql('JSON: members', unknownFields(BODY)),
  graphql(
    'JSON: members that objects inherit',
    `{"query":"{ item { id } }",${fill(BODY - 100, () => '"__proto__":{"a":1}', ',')}}`,
  ),
  graphql('JSON: a number as a query', `{"query":${'1'.repeat(BODY - 100)}}`),
  graphql('JSON: a batch that is too long', `[${fill(BODY, () => '{"query":"{a}"}', ',')}]`),
  graphql(
    'JSON: a batch of unknown fields',
    `[${times(10, () => JSON.stringify({ query: `{ wide { ${times(1_400, (i) => `fieldd_${i}`)} } }` }), ',')}]`,
  ),
  graphql(
    'JSON: a batch of documents, as large as they may be',
    `[${times(10, (n) => JSON.stringify({ query: `query Q${n} { item { ${times(490, (i) => `a${i}: name(length: ${n})`)} } }` }), ',')}]`,
  ),
  graphql(
    'JSON: a batch of wrong variables',
    `[${times(10, () => `{"query":"query ($v: Filter) { ${item} }","variables":{"v":${unknownFields(190_000)}}}`, ',')}]`,
  ),
  graphql('JSON: not JSON after two megabytes', `{"query":"${'a'.repeat(BODY - 100)}"`),
];

const HEADER_ATTACKS: readonly Attack[] = [
  ...[
    ['content-type: blanks', 'content-type', `application/json${' '.repeat(HEADERS)}x`],
    ['content-type: blanks and semicolons', 'content-type', `application/json${'; '.repeat(HEADERS / 2)}x`],
    ['content-type: quotes', 'content-type', `application/json; charset=${'"'.repeat(HEADERS)}`],
    ['accept: many entries', 'accept', fill(HEADERS, (i) => `a/b;q=0.${i}`, ',')],
    ['accept: many parameters', 'accept', `application/json${';q=1'.repeat(HEADERS / 4)}`],
    ['accept: commas', 'accept', ','.repeat(HEADERS)],
    ['accept-encoding: many entries', 'accept-encoding', fill(HEADERS, (i) => `e${i};q=0.5`, ',')],
    ['content-encoding: long', 'content-encoding', 'g'.repeat(HEADERS)],
    ['cookie: many', 'cookie', fill(HEADERS, (i) => `c${i}=${i}`, '; ')],
    ['cookie: the one that is looked for, again and again', 'cookie', fill(HEADERS, (i) => `token=${i}`, '; ')],
    ['origin: made for a bad pattern', 'origin', `https://${'a'.repeat(HEADERS)}!`],
    ['x-forwarded-for: many', 'x-forwarded-for', fill(HEADERS, () => '127.0.0.1', ',')],
    ['forwarded: many', 'forwarded', fill(HEADERS, () => 'for="127.0.0.1"', ',')],
    ['authorization: dots', 'authorization', `Bearer ${'.'.repeat(HEADERS)}`],
    ['authorization: a long token', 'authorization', `Bearer ${jwt({ sub: 'a'.repeat(9_000) })}`],
    ['authorization: deep claims', 'authorization', `Bearer ${jwt(JSON.parse(nest(3_000, '{"a":', '1', '}')))}`],
    ['authorization: blanks', 'authorization', `Bearer${' '.repeat(HEADERS)}a`],
    ['x-request-id: long', 'x-request-id', 'a!'.repeat(HEADERS / 2)],
    ['traceparent: long', 'traceparent', `00-${'0'.repeat(HEADERS)}`],
    ['cache-control: many', 'cache-control', fill(HEADERS, (i) => `max-age=${i}`, ',')],
    ['idempotency-key: long', 'idempotency-key', `"${'\\"'.repeat(HEADERS / 2)}`],
  ].map(([name = '', header = '', value = '']) =>
    graphql(`header ${name}`, '{"query":"{ item { id } }"}', { 'content-type': 'application/json', [header]: value }),
  ),
  graphql(
    'header names: many, for a bad pattern',
    '{"query":"{ item { id } }"}',
    Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`x-${'ab'.repeat(5)}${i}`, 'a'])),
  ),
  graphql('header name: long, for a bad pattern', '{"query":"{ item { id } }"}', { [`x-${'ab'.repeat(7_000)}!`]: 'a' }),
];

function jwt(claims: unknown): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.${'a'.repeat(43)}`;
}

const get = (name: string, path: string, headers: Record<string, string> = {}): Attack => ({
  name,
  method: 'GET',
  path,
  headers: { 'apollo-require-preflight': 'true', ...headers },
});

const URL_ATTACKS: readonly Attack[] = [
  get('GET: a long URL', `/graphql?query=${'a'.repeat(100_000)}`),
  get('GET: many parameters', `/graphql?${fill(URL_LENGTH, (i) => `a${i}=`, '&')}`),
  get('GET: percent signs', `/graphql?query=${'%'.repeat(URL_LENGTH)}`),
  get('GET: nested variables', `/graphql?query={__typename}&variables=${nest(3_500, '[', '', ']')}`),
  get(
    'GET: extensions of a persisted query',
    `/graphql?extensions={"persistedQuery":{"version":1,"sha256Hash":"${'a'.repeat(7_000)}"}}`,
  ),
  get('GET: a long id', `/graphql/${'a'.repeat(7_000)}`),
  get('GET: segments', `/${'a/'.repeat(3_900)}`),
  get('GET: dots', `/${'../'.repeat(2_600)}graphql`),
  get('BFF: segments', `/bff/shop/${'a/'.repeat(3_900)}`),
  get('BFF: a path that is near to endpoints', `/bff/shop/item${'m'.repeat(7_500)}`),
  get('BFF: many unknown parameters', `/bff/shop/item/1?${fill(URL_LENGTH, (i) => `a${i}=`, '&')}`),
  get('BFF: one unknown parameter, long', `/bff/shop/item/1?${'a'.repeat(URL_LENGTH - 50)}=1`),
  get('BFF: one parameter again and again', `/bff/shop/item/1?${fill(URL_LENGTH, (i) => `ids=${i}`, '&')}`),
  get('BFF: a list of wrong values', `/bff/shop/search?${fill(URL_LENGTH, (i) => `colours=COLOR_${i}`, '&')}`),
  get('BFF: an object that nests', `/bff/shop/search?filter=${nest(1_000, '{"not":', '{}', '}')}`),
  get(
    'BFF: an object of unknown fields',
    `/bff/shop/search?filter={${fill(URL_LENGTH - 100, (i) => `"k${i}":1`, ',')}}`,
  ),
  get('BFF: digits', `/bff/shop/search?first=${'1'.repeat(URL_LENGTH - 50)}`),
  get('BFF: escapes in the path', `/bff/shop/item/${'%61'.repeat(2_600)}`),
  get('BFF: If-None-Match of many tags', '/bff/shop/item/1', {
    'if-none-match': fill(HEADERS, (i) => `W/"${i}"`, ','),
  }),
  get('BFF: Accept of many entries', '/bff/shop/item/1', { accept: fill(HEADERS, (i) => `text/a${i}`, ',') }),
  get('BFF: Accept-Encoding of many entries', '/bff/shop/item/1', {
    'accept-encoding': fill(HEADERS, (i) => `e${i};q=0.1`, ','),
  }),
  get('BFF: Range of many ranges', '/bff/shop/item/1', { range: `bytes=${fill(HEADERS, (i) => `${i}-${i}`, ',')}` }),
  endpoint('BFF body: members that no parameter has', unknownFields(BODY)),
  endpoint('BFF body: unknown fields of an input object', `{"filter":${unknownFields(BODY - 50)}}`),
  endpoint(
    'BFF body: objects with an unknown field each',
    `{"filters":[${fill(BODY - 50, (i) => `{"k${i}":1}`, ',')}]}`,
  ),
  endpoint('BFF body: nested', `{"filter":${nest(190_000, '{"not":', '{}', '}')}}`),
  endpoint('BFF body: one member again and again', `{${fill(BODY, () => '"name":"a"', ',')}}`),
  endpoint('BFF body: `__proto__` again and again', `{${fill(BODY, () => '"__proto__":{}', ',')}}`),
  endpoint('BFF body: a long number', `{"count":${'1'.repeat(BODY - 50)}}`),
  endpoint('BFF body: a long string for a number', `{"count":"${'1'.repeat(BODY - 50)}"}`),
  endpoint('BFF body: long names with escapes', `{${fill(BODY, (i) => `"\\u0061${i}":1`, ',')}}`),
  endpoint('BFF body: lists', nest(990_000, '[', '', ']')),
  {
    name: 'BFF body: content-type of blanks',
    path: '/bff/shop/save',
    body: '{}',
    headers: { 'content-type': `application/json${' '.repeat(HEADERS)}x` },
  },
  {
    name: 'BFF body: content-type of plus signs',
    path: '/bff/shop/save',
    body: '{}',
    headers: { 'content-type': `application/${'a+'.repeat(HEADERS / 2)}` },
  },
  {
    name: 'form: multipart',
    body: fill(BODY, () => '--a\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'),
    headers: { 'content-type': 'multipart/form-data; boundary=a' },
  },
  {
    name: 'form: urlencoded',
    body: fill(BODY, (i) => `a${i}=`, '&'),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  },
];

/** Each is within the default limits in size, or just above one of them. */
export const ATTACKS: readonly Attack[] = [
  ...VARIABLE_ATTACKS,
  ...DOCUMENT_ATTACKS,
  ...INTROSPECTION_ATTACKS,
  ...JSON_ATTACKS,
  ...HEADER_ATTACKS,
  ...URL_ATTACKS,
];

export const contentTypeOf = ({ body, headers = {} }: Attack): Record<string, string> =>
  body === undefined || headers['content-type'] !== undefined
    ? { ...headers }
    : { 'content-type': 'application/json', ...headers };
