/** What somebody gives item by item, as an upload takes it. Ends when the upload ends, too. */
export class Pushed<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #isOver = false;
  #wake = () => {};

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      while (this.#items.length) yield this.#items.shift()!;
      if (this.#isOver) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
