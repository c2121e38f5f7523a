import * as z from 'zod';

const tags = z.array(z.string()).default([]);

const oneContract = z.strictObject({
  name: z.string().min(1),
  include: tags.describe('Show only fields and unions that have one of these tags; empty shows all'),
  exclude: tags.describe('Hide everything that has one of these tags, included or not'),
  path: z
    .string()
    .regex(/^\/graphql\/[\w.-]+$/, 'expected a path below /graphql, for example "/graphql/partner"')
    .describe('The path at which this part of the schema is served'),
});

export const contractsSection = z
  .array(oneContract)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'two contracts have the same name')
  .refine((all) => new Set(all.map(({ path }) => path)).size === all.length, 'two contracts have the same path')
  .describe('Parts of the public schema, selected by @tag, each with a path of its own');
