/** Paths of the liveness probe. */
export const LIVENESS_PATHS: ReadonlySet<string> = new Set(['/health', '/healthcheck']);

/** Paths of the readiness probe. */
export const READINESS_PATHS: ReadonlySet<string> = new Set(['/ready', '/readiness']);

/** Every path that load balancers and orchestrators probe, from any address and without a credential. */
export const HEALTH_PATHS: ReadonlySet<string> = new Set([...LIVENESS_PATHS, ...READINESS_PATHS]);
