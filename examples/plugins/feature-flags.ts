import { readFile } from 'node:fs/promises';
import { visit } from 'graphql';
import { definePlugin, GatewayError } from 'headgate/plugin';

interface Config {
  /** A file of JSON: the names of root fields that are off, such as `["orders"]`. It is read for each schema, and every minute. */
  readonly file: string;
}

let off: ReadonlySet<string> = new Set();
let timer: NodeJS.Timeout | undefined;

/** Switches root fields off without a release: an operation that selects one of them gets `FEATURE_OFF`. */
export default definePlugin<Config>({
  name: 'feature-flags',
  reads: 'nothing',
  configSchema: {
    parse(given) {
      const { file } = (given ?? {}) as Partial<Config>;
      if (typeof file !== 'string') throw new Error('expected { file: "flags.json" }');
      return { file };
    },
  },
  hooks: {
    async onSchemaChange({ config, log }) {
      await read(config.file);
      clearInterval(timer);
      timer = setInterval(() => read(config.file).catch((err) => log.warn({ err }, 'flags not read')), 60_000);
      timer.unref();
    },
    onValidate({ document }) {
      if (off.size === 0) return;
      // fragments may contain root fields, too, so every field of the document counts
      visit(document, {
        Field({ name }) {
          if (off.has(name.value)) throw new GatewayError(503, 'FEATURE_OFF', `"${name.value}" is off right now.`);
        },
      });
    },
    onShutdown() {
      clearInterval(timer);
    },
  },
});

async function read(file: string): Promise<void> {
  off = new Set(JSON.parse(await readFile(file, 'utf8')) as string[]);
}
