/** The other major: its types are those of the one, as far as the tests use them. */
declare module "express4" {
  const express: unknown;

  export { express as default };
}
