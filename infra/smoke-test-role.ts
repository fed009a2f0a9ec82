/** The role that a stage's smoke test acts as; the stage makes it, and lets its own account or a pipeline's take it on. */
export function smokeTestRole(stage: string): string {
  return `atrium-${stage}-smoke-test`
}
