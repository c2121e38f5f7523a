const FEDERATION_URL = 'https://specs.apollo.dev/federation/v2.9';

const IMPORTABLE = [
  'key',
  'requires',
  'provides',
  'external',
  'shareable',
  'override',
  'inaccessible',
  'tag',
  'interfaceObject',
  'authenticated',
  'requiresScopes',
  'policy',
  'cost',
  'listSize',
  'context',
  'fromContext',
] as const;

/**
 * Type definitions of a federation 2 subgraph with the `@link` line that imports what they use, so that worlds in
 * tests show only what they are about. Definitions that bring their own `@link` are left as they are.
 */
export function withFederationLink(typeDefs: string): string {
  if (typeDefs.includes('@link(')) return typeDefs;
  const imports = IMPORTABLE.filter((name) => new RegExp(`@${name}\\b`).test(typeDefs)).map((name) => `"@${name}"`);
  if (/\bFieldSet\b/.test(typeDefs)) imports.push('"FieldSet"');
  return `extend schema @link(url: "${FEDERATION_URL}", import: [${imports.join(', ')}])\n${typeDefs}`;
}
