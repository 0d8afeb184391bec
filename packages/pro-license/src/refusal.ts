/** Why a token is no licence, in words for people. Never holds any of the token. */
export class Refusal extends Error {}

export function refuseUnless(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Refusal(reason);
}
