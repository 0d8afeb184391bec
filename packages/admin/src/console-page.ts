import { readFile } from "node:fs/promises";

/** Beside the built package; from the sources it is found there too. */
const PAGE: URL = new URL("../dist/console.html", import.meta.url);

/** The page of the console; undefined where it was not built in. */
export async function consolePage(): Promise<string | undefined> {
  try {
    return await readFile(PAGE, "utf8");
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "ENOENT") return undefined;
    throw error;
  }
}
