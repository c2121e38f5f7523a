/** Thrown when a setting cannot be used: it names an invalid file, or contradicts another setting. */
export class ConfigValueError extends Error {
  override readonly name = 'ConfigValueError';
}
