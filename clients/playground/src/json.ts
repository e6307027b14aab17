import { Extension } from "../../typescript/src/codec.js";

// MessagePack as JSON and back, in the way of the command line tool (docs/cli.md).

const toBase64 = (bytes: Uint8Array) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const fromBase64 = (text: string) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

const isText = (key: unknown) => typeof key === "string";

/** Strings, which are left alone, and numbers. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** An integer that a number does not hold, in a form that comes through JSON.parse with all of its digits. */
const keepDigits = (token: string) => (/^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `{"$int": "${token}"}` : token);

/**
 * Reads JSON. Integers are exact as far as 64 bits reach; `{"$bin": BASE64}` is binary, `{"$map": [[KEY, VALUE], …]}` a map with any keys,
 * `{"$ext": [TYPE, BASE64]}` a value of a type of an application's own.
 */
export function parse(text: string): unknown {
  const revive = (_key: string, value: any) => {
    if (typeof value !== "object" || value === null || Object.keys(value).length !== 1) return value;
    if (isText(value.$int)) return BigInt(value.$int);
    if (isText(value.$bin)) return fromBase64(value.$bin);
    if (Array.isArray(value.$ext)) return new Extension(value.$ext[0], fromBase64(value.$ext[1]));
    return Array.isArray(value.$map) ? new Map(value.$map) : value;
  };
  return JSON.parse(text.replace(TOKEN, keepDigits), revive);
}

/** Writes what a client has sent or received, over several lines where it does not fit one. */
export function print(value: unknown, indent = ""): string {
  const deeper = `${indent}  `;
  const wrap = (open: string, parts: string[], close: string) => {
    const line = `${open}${parts.join(", ")}${close}`;
    if (line.length + indent.length <= 80 && !line.includes("\n")) return line;
    return `${open}\n${parts.map((part) => deeper + part).join(",\n")}\n${indent}${close}`;
  };
  const entry = ([key, item]: [unknown, unknown]) => `${JSON.stringify(String(key))}: ${print(item, deeper)}`;

  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return `"${value}"`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "null" : JSON.stringify(value);
  if (value instanceof Uint8Array) return `{"$bin": "${toBase64(value)}"}`;
  if (value instanceof Extension) return `{"$ext": [${value.type}, "${toBase64(value.data)}"]}`;
  if (value instanceof Set) return print([...value], indent);
  if (Array.isArray(value)) return wrap("[", value.map((item) => print(item, deeper)), "]");
  if (value instanceof Map) {
    const entries = [...value];
    return entries.every(([key]) => isText(key))
      ? wrap("{", entries.map(entry), "}")
      : `{"$map": ${print(entries, indent)}}`;
  }
  if (value && typeof value === "object") return wrap("{", Object.entries(value).map(entry), "}");
  return JSON.stringify(value) ?? "null";
}

const LONGEST = 100_000;

/** What a browser can still lay out. */
export function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} … and ${text.length - LONGEST} characters more` : text;
}

/** Bytes as hexadecimal digits, eight a line, with the ASCII characters among them at the end of each. */
export function hexDump(bytes: Uint8Array): string {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 8) {
    const line = bytes.subarray(at, at + 8);
    const hex = Array.from(line, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = Array.from(line, (byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex.padEnd(23)}  ${text}`);
  }
  return lines.join("\n");
}
