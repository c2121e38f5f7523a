import { visit } from 'graphql';
import { definePlugin } from 'headgate/plugin';

interface Config {
  /** Names of fields, as the schema has them, whose texts clients do not see. */
  readonly fields: readonly string[];
}

/** Replaces the texts of some fields by `***`, wherever they are in a response. */
export default definePlugin<Config>({
  name: 'response-redaction',
  reads: 'nothing',
  configSchema: {
    parse(given) {
      const { fields } = (given ?? {}) as Partial<Config>;
      if (!Array.isArray(fields)) throw new Error('expected { fields: ["email"] }');
      return { fields };
    },
  },
  hooks: {
    onValidate({ document, config, context }) {
      // an alias must not uncover a field, so the response keys of the fields are looked up in the document
      const keys = new Set<string>();
      visit(document, {
        Field({ alias, name }) {
          if (config.fields.includes(name.value)) keys.add((alias ?? name).value);
        },
      });
      context.set('redacted', keys);
    },
    onPayload({ payload, context }) {
      const keys = context.get('redacted') as ReadonlySet<string> | undefined;
      if (keys && keys.size > 0 && payload.data) redact(payload.data, keys);
    },
  },
});

function redact(value: unknown, keys: ReadonlySet<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (keys.has(key) && typeof inner === 'string') (value as Record<string, unknown>)[key] = '***';
    else redact(inner, keys);
  }
}
