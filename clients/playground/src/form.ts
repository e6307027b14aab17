import type { Problem } from "../../typescript/src/errors.js";
import { button, type Child, h, newId, select } from "./dom.ts";
import { parse, print } from "./json.ts";
import { entriesOf, fits, isStruct, partsOf, rulesOf, titleOf, type Type, Unreadable } from "./type.ts";

/** Controls for a value of some type. What they hold need not be right: `problemsOf` (type.ts) says what is wrong with what `read` gives. */
export interface Editor {
  readonly element: HTMLElement;
  read(): unknown;
  write(value: unknown): void;
  /** Shows these problems, and takes those away that were shown before. */
  mark(problems: Problem[]): void;
}

/** Where problems of one control stand. */
class Note {
  readonly element = h("p", { className: "problem", id: newId(), hidden: true });

  show(control: HTMLElement | undefined, problems: Problem[]): void {
    const texts = problems.flatMap((p) => ("description" in p && typeof p.description === "string" ? [p.description] : []));
    this.element.textContent = texts.join("; ");
    this.element.hidden = texts.length === 0;
    if (!control) return;
    if (texts.length) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
}

/** What is said of a type beside its control. */
function remarks(t: Type): Child[] {
  const said = [t.documentation, rulesOf(t), t.default !== undefined && `default ${print(t.default)}`].filter(Boolean);
  return said.length ? [h("p", { className: "remark", id: newId() }, said.join(" — "))] : [];
}

/** One control, and how its text or state becomes a value. */
function simple(
  t: Type,
  label: string,
  control: HTMLElement,
  read: () => unknown,
  write: (value: unknown) => void,
  ...more: Child[]
): Editor {
  const note = new Note();
  const around = remarks(t);
  control.id = newId();
  control.setAttribute("aria-describedby", [note.element, ...(around as HTMLElement[])].map((e) => e.id).join(" "));
  const title = h("label", { htmlFor: control.id }, label, " ", h("small", {}, titleOf(t)));
  return {
    element: h("div", { className: "field" }, title, h("div", { className: "control" }, control, ...more), ...around, note.element),
    read,
    write,
    mark: (problems) => note.show(control, problems),
  };
}

/** A line of text that stands for a value. */
function line(t: Type, label: string, read: (text: string) => unknown, write: (value: unknown) => string, properties = {}): Editor {
  const input = h("input", { autocomplete: "off", spellcheck: false, ...properties });
  return simple(t, label, input, () => read(input.value), (value) => (input.value = write(value)));
}

/** A choice among values that are known. */
function choice(t: Type, label: string, entries: [string, unknown][]): Editor {
  const control = select(entries.map(([name]) => name));
  const write = (value: unknown) => {
    control.selectedIndex = entries.findIndex(([, one]) => one === value);
  };
  return simple(t, label, control, () => entries[control.selectedIndex]?.[1] ?? new Unreadable("Nothing chosen", ""), write);
}

function readInteger(text: string): unknown {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) return new Unreadable(text.trim() ? `No integer: ${text}` : "No integer: it is empty", text);
  const exact = BigInt(text.trim().replace("+", ""));
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}

function readReal(text: string): unknown {
  const number = Number(text.trim().replace(/^([+-]?)inf$/i, "$1Infinity"));
  if (text.trim() === "") return new Unreadable("No number: it is empty", text);
  return Number.isNaN(number) && text.trim().toLowerCase() !== "nan" ? new Unreadable(`No number: ${text}`, text) : number;
}

function readBytes(text: string): unknown {
  const digits = text.replace(/\s/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits)) return new Unreadable("Hexadecimal digits, two for each byte", text);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function readTime(text: string): unknown {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) || !/^\d{4}-\d\d-\d\d[Tt ]/.test(text) ? text : time;
}

const writeBytes = (value: unknown) =>
  value instanceof Uint8Array ? Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join(" ") : asText(value);

const asText = (value: unknown) => (value === null || value === undefined ? "" : String(value));

function json(t: Type, label: string): Editor {
  const area = h("textarea", { rows: 3, spellcheck: false, value: "null" });
  const read = () => {
    try {
      return parse(area.value);
    } catch (problem) {
      return new Unreadable((problem as Error).message, area.value);
    }
  };
  return simple(t, label, area, read, (value) => (area.value = print(value)));
}

function time(t: Type, label: string): Editor {
  const input = h("input", { autocomplete: "off", placeholder: "2026-01-31T12:00:00Z" });
  const write = (value: unknown) => {
    input.value = value instanceof Date ? value.toISOString() : asText(value);
  };
  return simple(t, label, input, () => readTime(input.value), write, button("Now", () => write(new Date())));
}

function truth(t: Type, label: string): Editor {
  const input = h("input", { type: "checkbox" });
  return simple(t, label, input, () => input.checked, (value) => (input.checked = value === true));
}

/** Controls that belong together. */
class Group {
  readonly note = new Note();
  readonly body = h("div");
  readonly element: HTMLElement;

  constructor(t: Type, label: string, ...more: Child[]) {
    const title = h("legend", {}, label, " ", h("small", {}, titleOf(t)));
    this.element = h("fieldset", {}, title, ...remarks(t), ...more, this.body, this.note.element);
  }
}

/** Any number of parts, each with a button that takes it away. */
function several(t: Type, label: string, makePart: (index: number) => { element: HTMLElement; editors: Editor[] }) {
  let parts: { row: HTMLElement; editors: Editor[] }[] = [];
  const group = new Group(t, label);
  const add = () => {
    const { element, editors } = makePart(parts.length);
    const row = h("div", { className: "row" }, element);
    const part = { row, editors };
    row.append(
      button("Remove", () => {
        parts = parts.filter((one) => one !== part);
        row.remove();
        adds.focus();
      }),
    );
    parts.push(part);
    group.body.append(row);
    return editors;
  };
  const adds = button("Add", () => {
    add();
    parts.at(-1)!.row.querySelector<HTMLElement>("input, select, textarea, button")?.focus();
  });
  group.element.append(adds);
  const clear = () => {
    parts = [];
    group.body.replaceChildren();
  };
  return { group, add, clear, parts: () => parts.map(({ editors }) => editors) };
}

function list(t: Type, label: string): Editor {
  const [item] = partsOf(t);
  const { group, add, clear, parts } = several(t, label, (index) => {
    const editor = edit(item!, `item ${index}`);
    return { element: editor.element, editors: [editor] };
  });
  return {
    element: group.element,
    read: () => parts().map(([editor]) => editor!.read()),
    write(value) {
      clear();
      if (Array.isArray(value) || value instanceof Set) for (const one of value) add()[0]!.write(one);
    },
    mark(problems) {
      group.note.show(undefined, problems);
      parts().forEach(([editor], i) => editor!.mark(within(problems, "index", i)));
    },
  };
}

function dict(t: Type, label: string): Editor {
  const [ofKey, ofValue] = partsOf(t);
  const { group, add, clear, parts } = several(t, label, () => {
    const editors = [edit(ofKey!, "key"), edit(ofValue!, "value")];
    return { element: h("div", {}, ...editors.map((e) => e.element)), editors };
  });
  return {
    element: group.element,
    read: () => new Map(parts().map(([key, value]) => [key!.read(), value!.read()])),
    write(value) {
      clear();
      if (typeof value !== "object" || value === null) return;
      for (const [key, item] of entriesOf(value)) {
        const [first, second] = add();
        first!.write(key);
        second!.write(item);
      }
    },
    mark(problems) {
      group.note.show(undefined, problems);
      for (const [key, value] of parts()) {
        const own = within(problems, "key", key!.read());
        const isOfKey = !fits(ofKey!, key!.read());
        key!.mark(isOfKey ? own : []);
        value!.mark(isOfKey ? [] : own);
      }
    },
  };
}

function tuple(t: Type, label: string): Editor {
  const editors = partsOf(t).map((part, i) => edit(part, `item ${i}`));
  const group = new Group(t, label);
  group.body.append(...editors.map((e) => e.element));
  return {
    element: group.element,
    read: () => editors.map((e) => e.read()),
    write: (value) => Array.isArray(value) && editors.forEach((e, i) => e.write(value[i])),
    mark(problems) {
      group.note.show(undefined, problems);
      editors.forEach((e, i) => e.mark(within(problems, "index", i)));
    },
  };
}

function union(t: Type, label: string): Editor {
  const alternatives = partsOf(t);
  const group = new Group(t, label);
  const chosen = select(alternatives.map(titleOf), () => show(chosen.selectedIndex));
  chosen.setAttribute("aria-label", `type of ${label}`);
  group.body.before(chosen);
  let editor: Editor;
  const show = (index: number) => {
    chosen.selectedIndex = index;
    editor = edit(alternatives[index]!, label);
    group.body.replaceChildren(editor.element);
  };
  // Nil where there is one: a type that holds itself ends there.
  show(Math.max(0, alternatives.findIndex((part) => part.type === "NoneType")));
  return {
    element: group.element,
    read: () => editor.read(),
    write(value) {
      const fitting = alternatives.findIndex((part) => fits(part, value));
      if (fitting >= 0) show(fitting);
      editor.write(value);
    },
    mark: (problems) => editor.mark(problems),
  };
}

/** A field that may be left out has a box that says whether it is sent; its controls are made when it is. */
function optional(t: Type, label: string): Editor & { isThere(): boolean } {
  const box = h("input", { type: "checkbox", id: newId() });
  const title = h("label", { htmlFor: box.id, className: "choice" }, box, ` send ${label} `, h("small", {}, titleOf(t)));
  const body = h("div");
  const element = h("div", { className: "optional" }, title, ...remarks(t), body);
  let editor: Editor | undefined;
  const show = (isThere: boolean) => {
    box.checked = isThere;
    if (isThere) editor ??= edit({ ...t, documentation: undefined, default: undefined }, label);
    else editor = undefined;
    body.replaceChildren(...(editor ? [editor.element] : []));
  };
  box.onchange = () => {
    show(box.checked);
    if (!editor) return;
    const [first] = t.type === "Union" ? partsOf(t) : [];
    if (t.default !== undefined) editor.write(t.default);
    else if (first) editor.write(sample(first));
  };
  return {
    element,
    isThere: () => editor !== undefined,
    read: () => editor?.read(),
    write(value) {
      show(value !== undefined);
      editor?.write(value);
    },
    mark: (problems) => editor?.mark(problems),
  };
}

/** Something of that type, for a control to begin with. */
function sample(t: Type): unknown {
  const samples: Record<string, unknown> = { bool: false, int: 0, float: 0, str: "", list: [], set: [], dict: {} };
  if (t.type === "bytes") return new Uint8Array();
  return isStruct(t) && !t.as_array ? {} : samples[t.type];
}

function struct(t: Type, label: string): Editor {
  const fields = Object.entries(t.arguments!).map(([name, type]) => ({
    name,
    type,
    editor: type.optional ? optional(type, name) : edit(type, name),
  }));
  const group = new Group(t, label);
  group.body.append(...fields.map(({ editor }) => editor.element));
  const values = () => fields.map(({ name, editor }) => [name, editor.read()] as const);
  return {
    element: group.element,
    read() {
      const given = values().filter(([, value]) => value !== undefined);
      if (!t.as_array) return Object.fromEntries(given);
      // One that is left out before one that is sent goes as nil, which says the same.
      const last = values().findLastIndex(([, value]) => value !== undefined);
      return values().slice(0, last + 1).map(([, value]) => value ?? null);
    },
    write(value) {
      if (typeof value !== "object" || value === null) return;
      const entries = Array.isArray(value) ? value.map((item, i) => [fields[i]?.name, item] as [unknown, unknown]) : entriesOf(value);
      const given = new Map(entries);
      for (const { name, type, editor } of fields) if (type.optional || given.has(name)) editor.write(given.get(name));
    },
    mark(problems) {
      const named = problems.filter((p) => !isOwn(p)) as Record<string, Problem[]>[];
      group.note.show(undefined, [...problems.filter(isOwn), ...named.flatMap((p) => p["*"] ?? [])]);
      for (const { name, editor } of fields) editor.mark(named.flatMap((p) => p[name] ?? []));
    },
  };
}

const isOwn = (p: Problem) => "description" in p && typeof p.description === "string";

/** The problems of one item or entry. */
function within(problems: Problem[], by: "index" | "key", which: unknown): Problem[] {
  return problems.flatMap((p) => ("errors" in p && (p as Record<string, unknown>)[by] === which ? (p.errors as Problem[]) : []));
}

/** Controls for a value of that type. */
export function edit(t: Type, label: string): Editor {
  if (t.values) return choice(t, label, Object.entries(t.values));
  if (isStruct(t)) return struct(t, label);
  if (t.constraints?.one_of) return choice(t, label, t.constraints.one_of.map((one) => [String(one), one]));
  switch (t.type) {
    case "bool": return truth(t, label);
    case "int": return line(t, label, readInteger, asText, { inputMode: "numeric" });
    case "float": return line(t, label, readReal, asText, { inputMode: "decimal" });
    case "str": return line(t, label, (text) => text, asText);
    case "bytes": return line(t, label, readBytes, writeBytes);
    case "datetime": return time(t, label);
    case "NoneType": return { element: h("p", { className: "remark" }, `${label}: nil`), read: () => null, write() {}, mark() {} };
    case "list":
    case "set": return list(t, label);
    case "dict": return dict(t, label);
    case "tuple": return tuple(t, label);
    case "Union": return union(t, label);
    default: return json(t, label);
  }
}
