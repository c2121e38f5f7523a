import { writeFileSync } from 'node:fs';
import { loadSupergraph } from '../composition/load-supergraph.ts';
import { CompositionError } from '../composition/supergraph-provider.ts';

export interface ComposeFlags {
  readonly schemas: string;
  readonly out?: string;
}

/** `headgate compose`: prints the supergraph SDL or writes it to a file. Throws `CompositionError`. */
export async function compose(flags: ComposeFlags): Promise<void> {
  const loaded = await loadSupergraph({ schemasDir: flags.schemas });
  if (!loaded.ok) throw new CompositionError(loaded.problems);
  for (const path of loaded.update.skipped ?? [])
    console.error(`${path}: skipped; it is a pipe, a socket or a device.`);
  const text = loaded.update.sdl.endsWith('\n') ? loaded.update.sdl : `${loaded.update.sdl}\n`;
  if (flags.out === undefined) process.stdout.write(text);
  else writeFileSync(flags.out, text);
}
