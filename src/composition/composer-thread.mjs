/** The entry of the composer thread where the sources run without a build: a thread does not inherit what reads TypeScript. */
import { register } from 'tsx/esm/api';

register();
await import('./composer-thread.ts');
