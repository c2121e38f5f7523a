/** What a setting names or says cannot be used: a file that is no key file, rules that contradict each other. */
export class ConfigValueError extends Error {
  override readonly name = 'ConfigValueError';
}
