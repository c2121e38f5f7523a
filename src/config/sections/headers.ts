import * as z from 'zod';
import { forwardableName as headerName, headerValue, requestHeaderName, responseHeaderName } from '../header.ts';
import { pattern } from '../pattern.ts';

const oneOrMore = z
  .union([z.string().transform((name) => [name]), z.array(z.string()).min(1)], {
    error: 'expected the name of a header, or a list of them',
  })
  .pipe(z.array(headerName));

const namedOrMatching = { named: oneOrMore.optional(), matching: pattern('^x-tenant-').optional() };

function isNamedOrMatching(rule: { named?: unknown; matching?: unknown }): boolean {
  return (rule.named === undefined) !== (rule.matching === undefined);
}

const CHOOSE = 'expected either `named` or `matching`';
const ONE_NAME = { path: ['rename'], message: '`rename` and `default` go with one name in `named`' };

function hasOneName(rule: { named?: readonly string[] | undefined; rename?: unknown; default?: unknown }): boolean {
  return (rule.rename === undefined && rule.default === undefined) || rule.named?.length === 1;
}

const propagate = z
  .strictObject({
    ...namedOrMatching,
    named: oneOrMore.pipe(z.array(requestHeaderName)).optional(),
    rename: requestHeaderName.optional(),
    default: headerValue.optional(),
  })
  .refine(isNamedOrMatching, CHOOSE)
  .refine(hasOneName, ONE_NAME);

/** Properties of a request that `from_context` can insert. */
export const CONTEXT_NAMES = ['ip', 'request_id', 'subject', 'scopes', 'client_id', 'plan', 'kind'] as const;
export type ContextName = (typeof CONTEXT_NAMES)[number];

const ORIGINS = ['value', 'from_claim', 'from_context'] as const;

const insert = z
  .strictObject({
    name: headerName,
    value: headerValue.optional(),
    from_claim: z.string().min(1).optional(),
    from_context: z.enum(CONTEXT_NAMES).optional(),
    default: headerValue.optional(),
  })
  .refine(
    (rule) => ORIGINS.filter((origin) => rule[origin] !== undefined).length === 1,
    'expected one of `value`, `from_claim` and `from_context`',
  );

const remove = z.strictObject(namedOrMatching).refine(isNamedOrMatching, CHOOSE);
const rename = z.strictObject({ named: headerName, to: requestHeaderName });

const requestRule = z
  .strictObject({
    propagate: propagate.optional(),
    insert: insert.optional(),
    remove: remove.optional(),
    rename: rename.optional(),
  })
  .refine(isOneRule, 'expected one of `propagate`, `insert`, `remove` and `rename`');

const propagateBack = z
  .strictObject({
    ...namedOrMatching,
    algorithm: z.enum(['first', 'last', 'append']).default('last'),
    rename: responseHeaderName.optional(),
    default: headerValue.optional(),
  })
  .refine(isNamedOrMatching, CHOOSE)
  .refine(hasOneName, ONE_NAME)
  .superRefine(({ named = [], rename }, context) => {
    // a renamed header no longer describes the response that it is sent with
    if (rename !== undefined) return;
    for (const [index, name] of named.entries()) {
      const message = responseHeaderName.safeParse(name).error?.issues[0]?.message;
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['named', index], message });
    }
  });

const responseRule = z
  .strictObject({
    propagate: propagateBack.optional(),
    insert: z.strictObject({ name: headerName, value: headerValue }).optional(),
    remove: remove.optional(),
  })
  .refine(isOneRule, 'expected one of `propagate`, `insert` and `remove`');

function isOneRule(rule: object): boolean {
  return Object.values(rule).filter((part) => part !== undefined).length === 1;
}

const rules = z.strictObject({
  request: z
    .array(requestRule)
    .default([])
    .describe(
      'Rules for headers sent to subgraphs, in order: `propagate` {named or matching, rename, default}, ' +
        '`insert` {name, value or from_claim or from_context, default}, `remove` {named or matching}, `rename` {named, to}',
    ),
  response: z
    .array(responseRule)
    .default([])
    .describe(
      'Rules for headers of subgraph responses returned to clients, in order: `propagate` {named or matching, algorithm, rename, default}, ' +
        '`insert` {name, value}, `remove` {named or matching}',
    ),
});

export const headersSection = z
  .strictObject({
    all: rules.prefault({}).describe('For every subgraph'),
    subgraphs: z.record(z.string(), rules).default({}).describe('For one subgraph, applied after those of `all`'),
  })
  .describe('Which headers are passed from clients to subgraphs and back');

export type HeaderSettings = z.output<typeof headersSection>;
export type RequestRule = z.output<typeof requestRule>;
export type ResponseRule = z.output<typeof responseRule>;
