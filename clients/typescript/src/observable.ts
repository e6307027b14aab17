/**
 * What a client, stream, topic or presence list is to a user interface: something that tells when it has changed, and what it is now.
 * `subscribe` and `getSnapshot` need no `this`, so that they can be handed on as they are, such as to React's `useSyncExternalStore`.
 */
export abstract class Observable<S> {
  readonly #listeners = new Set<() => void>();
  #snapshot: S | undefined;

  /** Calls `listener` after each change, until the returned function is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const own = () => listener(); // so that the same function may be subscribed twice
    this.#listeners.add(own);
    this.watched(this.#listeners.size);
    return () => {
      if (this.#listeners.delete(own)) this.watched(this.#listeners.size);
    };
  };

  /** What the object is now. The same value is returned until something changes. */
  readonly getSnapshot = (): S => (this.#snapshot ??= this.snapshot());

  /** @internal */
  protected abstract snapshot(): S;

  /** @internal The number of listeners has changed to `count`. */
  protected watched(_count: number): void {}

  /** @internal */
  protected changed(): void {
    this.#snapshot = undefined;
    for (const listener of this.#listeners) guard(listener);
  }
}

/** Runs a function of the application. What it throws is reported as uncaught, and disturbs nothing here. */
export function guard(callback: () => void): void {
  try {
    callback();
  } catch (problem) {
    setTimeout(() => {
      throw problem;
    });
  }
}
