export type Child = Node | string | false | undefined;

/**
 * An element. A property is set where the element has one of that name, else an attribute. Texts become text nodes: nothing that a server says is
 * ever read as HTML, and the policy that the page comes with (Trusted Types) has the browser refuse an attempt.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Record<string, unknown> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name in element) (element as unknown as Record<string, unknown>)[name] = value;
    else element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

let ids = 0;
/** One that no other element of the page has. */
export const newId = () => `i${++ids}`;

/** A control with its label before it. */
export function labelled<E extends HTMLElement>(text: string, control: E, ...more: Child[]): HTMLElement {
  control.id ||= newId();
  return h("p", { className: "field" }, h("label", { htmlFor: control.id }, text), control, ...more);
}

export function button(text: string, onclick: (event: MouseEvent) => void, properties: Record<string, unknown> = {}) {
  return h("button", { type: "button", onclick, ...properties }, text);
}

/** A choice among texts. */
export function select(texts: readonly string[], onchange: () => void = () => {}): HTMLSelectElement {
  return h("select", { onchange }, ...texts.map((text, value) => h("option", { value }, text)));
}

const PAUSE_MS = 200;

/** Has `draw` called soon after each change, in a frame of its own; where changes come fast, five times a second, so that drawing holds up nothing. */
export function lazily(draw: () => void): () => void {
  let isPlanned = false;
  let last = -PAUSE_MS;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    const frame = () => {
      isPlanned = false;
      draw();
      last = performance.now();
    };
    setTimeout(() => requestAnimationFrame(frame), Math.max(0, last + PAUSE_MS - performance.now()));
  };
}
