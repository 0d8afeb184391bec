import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

/** Memory of this process against what it may have. */
export interface MemoryUsage {
  /** Of the tighter of the two limits, 0 to 1 and above. */
  readonly share: number;
  /** Which of them that is. */
  readonly of: "heap" | "container";
}

/** The heap against the limit of V8, and all of the process against that of its container, where it is in one. */
export function memoryUsage(): MemoryUsage {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  const heap: MemoryUsage = { share: used_heap_size / heap_size_limit, of: "heap" };
  const limit = process.constrainedMemory?.() ?? 0; // 0, or more than there is, where nothing limits it
  if (limit <= 0 || limit >= totalmem()) return heap;
  const container: MemoryUsage = { share: process.memoryUsage.rss() / limit, of: "container" };
  return container.share > heap.share ? container : heap;
}
