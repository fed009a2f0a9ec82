/** The role that a stage's smoke test acts as; the stage makes it for the pipeline's account. */
export function smokeTestRole(stage: string): string {
  return `atrium-${stage}-smoke-test`
}
