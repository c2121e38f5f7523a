import { appendFile } from 'node:fs/promises';
import { definePlugin } from 'headgate/plugin';

interface Config {
  /** The file, with one line of JSON for each mutation. */
  readonly file: string;
}

/** Writes who sent which mutation, before it is executed and with its outcome. A mutation that cannot be written down is not executed. */
export default definePlugin<Config>({
  name: 'audit-log',
  reads: { claims: true, address: true },
  configSchema: {
    parse(given) {
      const { file } = (given ?? {}) as Partial<Config>;
      if (typeof file !== 'string') throw new Error('expected { file: "audit.jsonl" }');
      return { file };
    },
  },
  hooks: {
    async onExecute({ request, operation, config }) {
      if (operation.type !== 'mutation') return;
      const { id, ip, identity } = request;
      const who = identity?.subject ?? 'anonymous';
      await write(config.file, { event: 'begin', id, ip, who, operation: operation.name });
    },
    async onPayload({ request, operation, payload, config }) {
      if (operation?.type !== 'mutation') return;
      await write(config.file, { event: 'end', id: request.id, errors: payload.errors.length });
    },
  },
});

function write(file: string, entry: object): Promise<void> {
  return appendFile(file, `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
}
