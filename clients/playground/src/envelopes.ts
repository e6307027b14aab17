import { type Connection, decode, type Envelope } from "./connection.ts";
import { button, h, labelled, lazily } from "./dom.ts";
import { hexDump, print, shorten } from "./json.ts";

const SHOWN = 100;
const SENT = ["MESSAGE", "END_OF_STREAM", "METADATA", "CANCEL"];
const RECEIVED = ["MESSAGE", "END_OF_STREAM", "METADATA", "ERROR"];

/** All that goes over the wire, envelope by envelope: decoded, and as bytes. */
export class EnvelopesView {
  readonly element: HTMLElement;
  readonly #connection: Connection;
  readonly #list = h("ol", { className: "envelopes" });
  readonly #seq = h("input", { inputMode: "numeric", autocomplete: "off", size: 6, oninput: () => this.#redraw() });
  readonly #count = h("p", { className: "remark" });
  #seen: Envelope | undefined;
  readonly #plan = lazily(() => this.#show());

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.onEnvelope = () => this.#plan();
    const clear = button("Clear", () => {
      connection.forgetEnvelopes();
      this.#redraw();
    });
    this.element = h(
      "aside",
      { "aria-label": "Envelopes" },
      h("h2", { tabIndex: -1 }, "Envelopes"),
      h("div", { className: "row" }, labelled("seq, empty for all", this.#seq), clear),
      this.#count,
      this.#list,
    );
    this.#redraw();
  }

  /** Those of one request. */
  show(seq: number): void {
    this.#seq.value = String(seq);
    this.#redraw();
    this.element.querySelector("h2")!.focus();
  }

  #redraw(): void {
    this.#seen = undefined;
    this.#list.replaceChildren();
    this.#plan();
  }

  #show(): void {
    const all = this.#connection.envelopes;
    const wanted = this.#seq.value.trim();
    const fresh = all.slice(this.#seen ? all.lastIndexOf(this.#seen) + 1 : 0).filter(({ seq }) => !wanted || String(seq) === wanted);
    this.#seen = all.at(-1);
    this.#list.append(...fresh.slice(-SHOWN).map(row));
    while (this.#list.childElementCount > SHOWN) this.#list.firstElementChild!.remove();
    this.#count.textContent = `${all.length} kept, the newest ${SHOWN} shown; heartbeats are left out`;
  }
}

function row(envelope: Envelope): HTMLElement {
  const { isOut, at, bytes, seq, rpc } = envelope;
  const parts = decode(bytes);
  const type = (isOut ? SENT[Number(parts[3] ?? 0)] : RECEIVED[Number(parts[2])]) ?? "?";
  const title = `${isOut ? "→" : "←"} ${(at / 1000).toFixed(4)} s  seq ${seq}  ${type}  ${bytes.length} B  ${rpc}`;
  const details = h("details", {}, h("summary", {}, title));
  details.ontoggle = () => {
    if (!details.open || details.childElementCount > 1) return;
    details.append(h("pre", {}, shorten(print(parts))), h("pre", { className: "hex" }, shorten(hexDump(bytes))));
  };
  return h("li", { className: isOut ? "out" : "in" }, details);
}
