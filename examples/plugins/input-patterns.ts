import { compilePattern, definePlugin, GatewayError } from 'headgate/plugin';

interface Config {
  /** Regular expressions in the syntax of RE2. */
  readonly patterns: readonly ReturnType<typeof compilePattern>[];
}

/** Refuses operations with a text that matches a pattern, in variables or in the document. RE2 takes linear time for every text. */
export default definePlugin<Config>({
  name: 'input-patterns',
  reads: 'nothing',
  configSchema: {
    parse(given) {
      const { patterns } = (given ?? {}) as { readonly patterns?: unknown };
      if (!Array.isArray(patterns)) throw new Error('expected { patterns: ["(?i)union\\s+select"] }');
      return { patterns: patterns.map((pattern) => compilePattern(String(pattern))) };
    },
  },
  hooks: {
    onParse({ query, variables, config }) {
      if (!hasMatch([query, variables], config.patterns)) return;
      throw new GatewayError(400, 'INPUT_REFUSED', 'The request has a text that is not allowed.');
    },
  },
});

function hasMatch(value: unknown, patterns: Config['patterns']): boolean {
  if (typeof value === 'string') return patterns.some((matches) => matches(value));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, inner]) => hasMatch(key, patterns) || hasMatch(inner, patterns));
}
