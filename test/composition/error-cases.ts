/** Schema files that do not compose, with the place where each error stands: the line that ends in `# here`, else the given one. */
export interface ErrorCase {
  readonly code: string;
  readonly files: Readonly<Record<string, string>>;
  /** `file:line` */
  readonly at: string;
}

const ALL =
  '"@key", "@requires", "@provides", "@external", "@shareable", "@override", "@inaccessible", "@interfaceObject", "@composeDirective", "@authenticated", "@requiresScopes", "@policy", "@cost", "@listSize", "@context", "@fromContext", "@tag"';

function file(name: string, body: string, version = 'v2.9', imports = ALL): string {
  return `extend schema @subgraph(url: "http://${name}") @link(url: "https://specs.apollo.dev/federation/${version}", import: [${imports}])\n${body}`;
}

/** @param bodies the bodies of `a`, `b`, …, each below the line of its links */
function errorCase(code: string, ...bodies: readonly string[]): ErrorCase {
  const names = ['a', 'b', 'c', 'd'];
  const files = Object.fromEntries(bodies.map((body, index) => [names[index] ?? '', file(names[index] ?? '', body)]));
  return { code, files, at: placeOfMark(files) };
}

/** The same with whole files. */
function fileCase(code: string, files: Readonly<Record<string, string>>): ErrorCase {
  return { code, files, at: placeOfMark(files) };
}

function placeOfMark(files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    const line = text.split('\n').findIndex((content) => content.includes('# here'));
    if (line >= 0) return `${name}.graphql:${line + 1}`;
  }
  throw new Error('no line is marked');
}

const QUERY = 'type Query { ok: Int }\n';

export const ERRORS: readonly ErrorCase[] = [
  errorCase(
    'AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE',
    QUERY,
    'interface I @authenticated { # here\n x: Int }\ntype T implements I { x: Int }',
  ),
  errorCase(
    'CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS',
    `${QUERY}type T @key(fields: "id") @context(name: "c") { id: ID! n: String u: U }\ntype U @key(fields: "id") {\n id: ID!\n f(n: String @fromContext(field: "$c { n }")): Int @shareable }`,
    'type U @key(fields: "id") {\n id: ID!\n f(n: String!): Int @shareable # here\n}',
  ),
  errorCase(
    'CONTEXT_NOT_SET',
    QUERY,
    'type U @key(fields: "id") {\n id: ID!\n f(n: String @fromContext(field: "$c { n }")): Int # here\n}',
  ),
  errorCase('CONTEXT_NAME_INVALID', QUERY, '\ntype U @key(fields: "id") @context(name: "_c") { # here\n id: ID! }'),
  errorCase(
    'CONTEXT_INVALID_SELECTION',
    `${QUERY}`,
    'type T @key(fields: "id") @context(name: "c") { id: ID! n: String u: U }\ntype U @key(fields: "id") {\n id: ID!\n f(n: String @fromContext(field: "$c { nope }")): Int # here\n}',
  ),
  errorCase(
    'CONTEXT_NO_RESOLVABLE_KEY',
    `${QUERY}`,
    'type T @key(fields: "id") @context(name: "c") { id: ID! n: String u: U }\ntype U { # here\n id: ID!\n f(n: String @fromContext(field: "$c { n }")): Int }',
  ),
  errorCase(
    'COST_APPLIED_TO_INTERFACE_FIELD',
    QUERY,
    'interface I {\n x: Int @cost(weight: 3) # here\n}\ntype T implements I { x: Int }',
  ),
  errorCase(
    'DEFAULT_VALUE_USES_INACCESSIBLE',
    QUERY,
    'enum E { A B @inaccessible }\nextend type Query {\n f(e: E = B): Int # here\n}',
  ),
  errorCase(
    'DIRECTIVE_COMPOSITION_ERROR',
    QUERY,
    'extend schema @composeDirective(name: "@mine") # here\ndirective @mine on OBJECT',
  ),
  fileCase('DIRECTIVE_COMPOSITION_ERROR', {
    a: file(
      'a',
      `${QUERY}\nextend schema @link(url: "https://x.dev/mine/v1.0", import: ["@mine"]) @composeDirective(name: "@mine") # here\ndirective @mine on OBJECT\ntype T @mine @shareable { x: Int }`,
    ),
    b: file(
      'b',
      `extend schema @link(url: "https://x.dev/mine/v2.0", import: ["@mine"]) @composeDirective(name: "@mine")\ndirective @mine on OBJECT\ntype T @mine @shareable { x: Int }`,
    ),
  }),
  errorCase(
    'EMPTY_MERGED_ENUM_TYPE',
    QUERY,
    '\nenum E { # here\n A }\nextend type Query { f(e: E): Int }',
    'enum E { B }\nextend type Query { g(e: E): Int }',
  ),
  errorCase(
    'ENUM_VALUE_MISMATCH',
    `${QUERY}enum E {\n A }\nextend type Query { e: E f(e: E): Int }`,
    'enum E {\n A\n B # here\n}\nextend type Query { h: E g(e: E): Int }',
  ),
  errorCase(
    'EMPTY_MERGED_INPUT_TYPE',
    QUERY,
    '\ninput I { # here\n a: Int }\nextend type Query { f(e: I): Int }',
    'input I { b: Int }\nextend type Query { g(e: I): Int }',
  ),
  fileCase('EXTENSION_WITH_NO_BASE', {
    a: file('a', QUERY),
    b: 'extend schema @subgraph(url: "http://b")\n\nextend type T @key(fields: "id") { # here\n id: ID! x: Int }',
  }),
  errorCase(
    'EXTERNAL_ARGUMENT_MISSING',
    `${QUERY}type T @key(fields: "id") {\n id: ID!\n f(a: Int): Int }`,
    'type T @key(fields: "id") { id: ID!\n\n f: Int @external # here\n g: Int @requires(fields: "f") }',
  ),
  errorCase(
    'EXTERNAL_MISSING_ON_BASE',
    `${QUERY}type T @key(fields: "id") { id: ID! }`,
    'type T @key(fields: "id") { id: ID!\n\n f: Int @external # here\n g: Int @requires(fields: "f") }',
  ),
  errorCase(
    'EXTERNAL_TYPE_MISMATCH',
    `${QUERY}type T @key(fields: "id") {\n id: ID!\n f: Int }`,
    'type T @key(fields: "id") { id: ID!\n\n f: String @external # here\n g: Int @requires(fields: "f") }',
  ),
  errorCase(
    'EXTERNAL_UNUSED',
    `${QUERY}type T @key(fields: "id") {\n id: ID!\n f: Int }`,
    'type T @key(fields: "id") { id: ID!\n\n f: Int @external # here\n}',
  ),
  errorCase(
    'FIELD_ARGUMENT_DEFAULT_MISMATCH',
    `${QUERY}type T @shareable {\n f(a: Int = 1): Int # here\n}`,
    'type T @shareable {\n f(a: Int = 2): Int }',
  ),
  errorCase(
    'FIELD_ARGUMENT_TYPE_MISMATCH',
    `${QUERY}`,
    'type T @shareable {\n f(a: Int): Int # here\n}',
    '\ntype T @shareable { f(a: String): Int }',
  ),
  errorCase('FIELD_TYPE_MISMATCH', QUERY, '\ntype T @shareable { f: Int # here\n}', 'type T @shareable { f: String }'),
  errorCase(
    'FIELD_TYPE_MISMATCH',
    `${QUERY}input I {\n a: Int # here\n}\nextend type Query { x(i: I): Int }`,
    'input I { a: String }\nextend type Query { y(i: I): Int }',
  ),
  errorCase(
    'INPUT_FIELD_DEFAULT_MISMATCH',
    QUERY,
    'input I {\n a: Int = 1 # here\n}\nextend type Query { x(i: I): Int }',
    'input I { a: Int = 2 }\nextend type Query { y(i: I): Int }',
  ),
  errorCase(
    'IMPLEMENTED_BY_INACCESSIBLE',
    QUERY,
    'interface I { x: Int }\ntype T implements I {\n x: Int @inaccessible # here\n y: Int }',
  ),
  errorCase(
    'INTERFACE_FIELD_NO_IMPLEM',
    `${QUERY}interface I { x: Int y: Int }`,
    'interface I { x: Int }\ntype T implements I { # here\n x: Int }',
  ),
  errorCase(
    'INTERFACE_KEY_NOT_ON_IMPLEMENTATION',
    QUERY,
    '\ninterface I @key(fields: "id") { # here\n id: ID! }\ntype S implements I { id: ID! }',
  ),
  errorCase(
    'INTERFACE_OBJECT_USAGE_ERROR',
    QUERY,
    '\ntype I @interfaceObject @key(fields: "id") { # here\n id: ID! x: Int }',
  ),
  errorCase('INVALID_FIELD_SHARING', QUERY, 'type T {\n x: Int # here\n}', 'type T { x: Int }'),
  errorCase('INVALID_GRAPHQL', QUERY, '\ntype T { x: Nope # here\n}'),
  errorCase('INVALID_GRAPHQL', QUERY, '\ntype T { x: Int @nope # here\n}'),
  errorCase('INVALID_GRAPHQL', QUERY, '\ntype T { x: Int\n x: Int # here\n}'),
  errorCase(
    'INVALID_GRAPHQL',
    `${QUERY}interface I { x: Int! }\ntype S implements I { x: Int! }`,
    'interface I { y: Int }\ntype T implements I { y: Int\n x: Int # here\n}',
  ),
  errorCase(
    'INVALID_SHAREABLE_USAGE',
    QUERY,
    'interface I {\n x: Int @shareable # here\n}\ntype T implements I { x: Int }',
  ),
  errorCase('KEY_INVALID_FIELDS', QUERY, '\ntype T @key(fields: "id @tag(name: \\"x\\")") { # here\n id: ID! }'),
  errorCase('KEY_FIELDS_HAS_ARGS', QUERY, '\ntype T @key(fields: "id(a: 1)") { # here\n id(a: Int): ID! }'),
  errorCase(
    'KEY_FIELDS_SELECT_INVALID_TYPE',
    QUERY,
    '\ntype T @key(fields: "id { x }") { # here\n id: U }\ninterface U { x: Int }\ntype V implements U { x: Int }',
  ),
  errorCase('KEY_INVALID_FIELDS', QUERY, '\ntype T @key(fields: "upc") { # here\n id: ID! }'),
  errorCase('KEY_INVALID_FIELDS_TYPE', QUERY, '\ntype T @key(fields: 3) { # here\n id: ID! }'),
  fileCase('KEY_UNSUPPORTED_ON_INTERFACE', {
    a: file('a', QUERY),
    b: file(
      'b',
      '\ninterface I @key(fields: "id") { # here\n id: ID! }\ntype S implements I @key(fields: "id") { id: ID! }',
      'v2.0',
      '"@key"',
    ),
  }),
  fileCase('DIRECTIVE_COMPOSITION_ERROR', {
    a: file('a', QUERY),
    b: file(
      'b',
      '\nextend schema @link(url: "https://x.dev/mine/v1.0", import: [{name: "@mine", as: "@own"}]) @composeDirective(name: "@own") # here\ndirective @own on OBJECT\ntype S @own { x: Int }',
    ),
    c: file(
      'c',
      'extend schema @link(url: "https://x.dev/mine/v1.0", import: ["@mine"]) @composeDirective(name: "@mine")\ndirective @mine on OBJECT\ntype T @mine { x: Int }',
    ),
  }),
  errorCase('LIST_SIZE_INVALID_SIZED_FIELD', QUERY, 'extend type Query {\n x: Int @listSize(assumedSize: 3) # here\n}'),
  errorCase(
    'LIST_SIZE_INVALID_ASSUMED_SIZE',
    QUERY,
    'extend type Query {\n x: [Int] @listSize(assumedSize: -3) # here\n}',
  ),
  errorCase(
    'LIST_SIZE_INVALID_SIZED_FIELD',
    QUERY,
    'extend type Query {\n x: S @listSize(assumedSize: 3, sizedFields: ["no"]) # here\n}\ntype S { y: [Int] }',
  ),
  errorCase(
    'LIST_SIZE_INVALID_SLICING_ARGUMENT',
    QUERY,
    'extend type Query {\n x: [Int] @listSize(slicingArguments: ["no"]) # here\n}',
  ),
  errorCase(
    'LIST_SIZE_INVALID_SLICING_ARGUMENT',
    `${QUERY}type T @shareable {\n x(first: Int): [Int] @listSize(slicingArguments: ["first"]) # here\n}`,
    'type T @shareable { x: [Int] }',
  ),
  errorCase(
    'MERGED_DIRECTIVE_APPLICATION_ON_EXTERNAL',
    `${QUERY}type T @key(fields: "id") { id: ID! f: Int }`,
    'type T @key(fields: "id") { id: ID!\n f: Int @external @tag(name: "x") # here\n g: Int @requires(fields: "f") }',
  ),
  errorCase(
    'MISSING_TRANSITIVE_AUTH_REQUIREMENTS',
    `${QUERY}type T @key(fields: "id") { id: ID! f: Int @authenticated }`,
    'type T @key(fields: "id") { id: ID!\n f: Int @external\n g: Int @requires(fields: "f") # here\n}',
  ),
  errorCase(
    'NO_CONTEXT_IN_SELECTION',
    QUERY,
    'type U @key(fields: "id") {\n id: ID!\n f(n: String @fromContext(field: "n")): Int # here\n}',
  ),
  errorCase('ONLY_INACCESSIBLE_CHILDREN', QUERY, '\ntype T { # here\n x: Int @inaccessible }'),
  errorCase('ONLY_INACCESSIBLE_CHILDREN', QUERY, '\nenum T { # here\n X @inaccessible }\nextend type Query { t: T }'),
  errorCase(
    'OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE',
    `${QUERY}type T @key(fields: "id") { id: ID! f: Int @external }`,
    'type T @key(fields: "id") { id: ID!\n f: Int @external @override(from: "a") # here\n g: Int @requires(fields: "f") }',
  ),
  errorCase(
    'OVERRIDE_FROM_SELF_ERROR',
    QUERY,
    'type T @key(fields: "id") { id: ID!\n f: Int @override(from: "b") # here\n}',
  ),
  errorCase(
    'OVERRIDE_LABEL_INVALID',
    QUERY,
    'type T @key(fields: "id") { id: ID!\n f: Int @override(from: "a", label: "no such(1)") # here\n}',
  ),
  errorCase(
    'OVERRIDE_ON_INTERFACE',
    QUERY,
    'interface I { id: ID!\n f: Int @override(from: "a") # here\n}\ntype T implements I { id: ID! f: Int }',
  ),
  errorCase(
    'OVERRIDE_SOURCE_HAS_OVERRIDE',
    `${QUERY}type T @key(fields: "id") { id: ID!\n f: Int @override(from: "b") # here\n}`,
    'type T @key(fields: "id") { id: ID!\n f: Int @override(from: "a")\n}',
  ),
  errorCase(
    'PROVIDES_INVALID_FIELDS',
    QUERY,
    'extend type Query {\n t: T @provides(fields: "f @tag(name: \\"x\\")") # here\n}\ntype T @key(fields: "id") { id: ID! f: Int @external }',
  ),
  errorCase(
    'PROVIDES_FIELDS_HAS_ARGS',
    QUERY,
    'extend type Query {\n t: T @provides(fields: "f(a: 1)") # here\n}\ntype T @key(fields: "id") { id: ID! f(a: Int): Int @external }',
  ),
  errorCase(
    'PROVIDES_FIELDS_MISSING_EXTERNAL',
    QUERY,
    'extend type Query {\n t: T @provides(fields: "f") # here\n}\ntype T @key(fields: "id") { id: ID! f: Int }',
  ),
  errorCase(
    'PROVIDES_INVALID_FIELDS',
    QUERY,
    'extend type Query {\n t: T @provides(fields: "nope") # here\n}\ntype T @key(fields: "id") { id: ID! f: Int }',
  ),
  errorCase(
    'PROVIDES_INVALID_FIELDS_TYPE',
    QUERY,
    'extend type Query {\n t: T @provides(fields: 3) # here\n}\ntype T @key(fields: "id") { id: ID! f: Int }',
  ),
  errorCase('PROVIDES_ON_NON_OBJECT_FIELD', QUERY, 'extend type Query {\n t: Int @provides(fields: "f") # here\n}'),
  errorCase('QUERY_ROOT_TYPE_INACCESSIBLE', QUERY, '\ntype Query @inaccessible { # here\n x: Int }'),
  errorCase('REFERENCED_INACCESSIBLE', QUERY, 'extend type Query {\n x: T # here\n}\ntype T @inaccessible { x: Int }'),
  errorCase(
    'REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH',
    `${QUERY}type T @shareable {\n f: Int # here\n}`,
    'type T @shareable { f(a: Int!): Int }',
  ),
  errorCase(
    'REQUIRED_INACCESSIBLE',
    QUERY,
    'input I {\n a: Int! @inaccessible # here\n b: Int }\nextend type Query { f(i: I): Int }',
  ),
  errorCase(
    'REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH',
    `${QUERY}input I { b: Int }\nextend type Query { f(i: I): Int }`,
    'input I {\n a: Int! # here\n b: Int }\nextend type Query { g(i: I): Int }',
  ),
  errorCase(
    'REQUIRES_INVALID_FIELDS',
    QUERY,
    'type T @key(fields: "id") { id: ID!\n f: Int @external\n g: Int @requires(fields: "f @tag(name: \\"x\\")") # here\n}',
  ),
  errorCase(
    'REQUIRES_FIELDS_MISSING_EXTERNAL',
    QUERY,
    'type T @key(fields: "id") { id: ID!\n f: Int\n g: Int @requires(fields: "f") # here\n}',
  ),
  errorCase(
    'REQUIRES_INVALID_FIELDS',
    QUERY,
    'type T @key(fields: "id") { id: ID!\n g: Int @requires(fields: "f") # here\n}',
  ),
  errorCase(
    'REQUIRES_INVALID_FIELDS_TYPE',
    QUERY,
    'type T @key(fields: "id") { id: ID!\n g: Int @requires(fields: 3) # here\n}',
  ),
  errorCase(
    'SATISFIABILITY_ERROR',
    'type Query { t: T }\ntype T @key(fields: "id") { id: ID! }',
    'type T @key(fields: "upc") {\n upc: ID! # here\n}',
  ),
  errorCase('TYPE_KIND_MISMATCH', QUERY, '\nenum T { # here\n A }', 'type T { x: Int }'),
  fileCase('UNKNOWN_LINK_VERSION', {
    a: file('a', QUERY),
    b: file('b', '\nextend schema @link(url: "https://specs.apollo.dev/tag/v9.9") # here\ntype T { x: Int }'),
  }),
  fileCase('INVALID_LINK_IDENTIFIER', {
    a: file('a', QUERY),
    b: file('b', '\nextend schema @link(url: "https://x.dev/mine/v9") # here\ntype T { x: Int }'),
  }),
  fileCase('INVALID_LINK_DIRECTIVE_USAGE', {
    a: file('a', QUERY),
    b: file(
      'b',
      'extend schema @link(url: "https://x.dev/mine/v1.0")\nextend schema @link(url: "https://x.dev/mine/v1.0") # here\ntype T { x: Int }',
    ),
  }),
  fileCase('UNKNOWN_FEDERATION_LINK_VERSION', {
    a: file('a', QUERY),
    b: 'extend schema @subgraph(url: "http://b")\nextend schema @link(url: "https://specs.apollo.dev/federation/v2.99") # here\ntype T { x: Int }',
  }),
  ...['federation', 'federation/', 'federation/2.3'].map((url) =>
    fileCase('UNKNOWN_FEDERATION_LINK_VERSION', {
      a: file('a', QUERY),
      b: `extend schema @subgraph(url: "http://b")\nextend schema @link(url: "https://specs.apollo.dev/${url}") # here\ntype T { x: Int }`,
    }),
  ),
  fileCase('INVALID_LINK_DIRECTIVE_USAGE', {
    a: file('a', QUERY),
    b: 'extend schema @subgraph(url: "http://b")\nextend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@cost"]) # here\ntype T { x: Int }',
  }),
  ...['f(b: 1)', 'f(a: 1, b: {d: 2})', 'f', 'f(a: \\"1\\")', 'f(a: $a)', 'f(a: 1, b: {c: true})', 'f(a: 1, a: 1)'].map(
    (fields) =>
      errorCase(
        'REQUIRES_INVALID_FIELDS',
        `${QUERY}type T @key(fields: "id") { id: ID! f(a: Int!, b: I): Int }\ninput I { c: Int }`,
        `type T @key(fields: "id") { id: ID! f(a: Int!, b: I): Int @external\n g: Int @requires(fields: "${fields}") # here\n}\ninput I { c: Int }`,
      ),
  ),
  ...['nested { x(y: 1) }', 'nested { ... on N { x(y: 1) } }'].map((fields) =>
    errorCase(
      'REQUIRES_INVALID_FIELDS',
      `${QUERY}type T @key(fields: "id") { id: ID! nested: N }\ntype N @shareable { x: Int }`,
      `type T @key(fields: "id") { id: ID! nested: N @external\n g: Int @requires(fields: "${fields}") # here\n}\ntype N { x: Int @external }`,
    ),
  ),
  errorCase(
    'PROVIDES_INVALID_FIELDS',
    `${QUERY}type N @key(fields: "id") { id: ID! x: Int }`,
    'extend type Query {\n n: N @provides(fields: "x(y: 1)") # here\n}\ntype N @key(fields: "id") { id: ID! x: Int @external }',
  ),
  errorCase('KEY_INVALID_FIELDS', QUERY, '\ntype T @key(fields: "id(a: 1)") { # here\n id: ID! }'),
  errorCase(
    'CONTEXT_INVALID_SELECTION',
    QUERY,
    'type T @key(fields: "id") @context(name: "c") { id: ID! n: String u: U }\ntype U @key(fields: "id") {\n id: ID!\n f(n: String @fromContext(field: "$c { n(a: 1) }")): Int # here\n}',
  ),
  errorCase(
    'CONTEXT_INVALID_SELECTION',
    QUERY,
    'type T @key(fields: "id") @context(name: "c") { id: ID! n(a: Int!): String u: U }\ntype U @key(fields: "id") {\n id: ID!\n f(n: String @fromContext(field: "$c ... on T { n }")): Int # here\n}',
  ),
  errorCase('COMPOSITION_FAILED', QUERY, 'type T {\n y: Int\n x: Int @requiresScopes(scopes: "admin") # here\n}'),
  errorCase('COMPOSITION_FAILED', QUERY, '\ntype T {\n x: Int @cost(weight: "3") # here\n}'),
];
