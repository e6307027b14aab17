let current = 0;
let isOpen = false;

/**
 * Tells one burst of messages from the next: what a transport hands over in one go has the same number. A reader has no chance to run
 * within a burst, and a burst is bounded by what the transport reads at a time.
 */
function burst(): number {
  if (!isOpen) {
    isOpen = true;
    current++;
    queueMicrotask(() => {
      isOpen = false;
    });
  }
  return current;
}

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(problem: unknown): void;
}

/** Items between a connection and an application that takes them one by one. Bounded; see `push`. */
export class Queue<T> {
  #items: { item: T; size: number }[] = [];
  #first = 0;
  #bytes = 0;
  #burst = 0;
  #waiters: Waiter<T>[] = [];
  #isOver = false;
  /** What the next reader is told who finds no item: at most one. */
  #problems: unknown[] = [];

  constructor(
    readonly length: number,
    readonly bytes: number,
  ) {}

  /** False when the queue was full as this burst began: then the item is not taken, and the caller has to end the stream. */
  push(item: T, size: number): boolean {
    const waiter = this.#waiters.shift();
    if (waiter) {
      waiter.resolve({ done: false, value: item });
      return true;
    }
    const now = burst();
    if (now !== this.#burst) {
      this.#burst = now;
      if (this.#items.length - this.#first >= this.length || this.#bytes >= this.bytes) return false;
    }
    this.#items.push({ item, size });
    this.#bytes += size;
    return true;
  }

  /** No more items come. Those that wait are still given out, then `problem` once, if there is one, then the end. */
  finish(...problem: [unknown?]): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#problems = problem;
    this.#dismiss();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#items = [];
    this.#first = this.#bytes = 0;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const entry = this.#items[this.#first];
    if (entry) {
      this.#items[this.#first++] = undefined!; // now, or the item lives as long as those behind it
      this.#bytes -= entry.size;
      if (this.#first === this.#items.length) this.clear();
      else if (this.#first > 1000) {
        this.#items.splice(0, this.#first);
        this.#first = 0;
      }
      return Promise.resolve({ done: false, value: entry.item });
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (this.#isOver) this.#dismiss();
    });
  }

  #dismiss(): void {
    for (const waiter of this.#waiters.splice(0)) {
      if (this.#problems.length) waiter.reject(this.#problems.pop());
      else waiter.resolve({ done: true, value: undefined });
    }
  }
}
