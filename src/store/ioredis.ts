/** For a late import: the bundle of the CLI gives names to what is imported at the top of a file, and only there. */
export { Cluster, Redis } from 'ioredis';
