import { configJsonSchema } from '../config/config.ts';

/** `headgate config schema`: prints the JSON schema of `headgate.yaml`, for editors. */
export function configSchema(): void {
  console.log(JSON.stringify(configJsonSchema(), null, 2));
}
