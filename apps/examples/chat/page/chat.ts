// The page of swill-chat, on the client that `swill gen ts` has made of it: api.ts. docs/chat.md says how it becomes chat.js.
import { Client, type Position, presence, SwillError, topic } from "@swill/swill";
import { api, type Place, type Room } from "./api.js";

/** A message of the topics `room.…`. Of a topic's messages the server tells no types, so they are said here. */
interface Line {
  from: string;
  text: string;
  at: Date;
}
type Name = Place["room"];

const start: Position = { epoch: 0, offset: 0 }; // no topic has this epoch, so that all of its history comes
const stay = 3000; // how long somebody counts as typing after a key, in milliseconds

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const text = element<HTMLInputElement>("text");

// Each tab is somebody of its own, also after a reload, and on whichever server it is connected to next.
const client = new Client({ token: () => sessionStorage.getItem("token") ?? undefined });
const { chat } = api(client);
const rooms = new Map<Name, Room>();
let current: Name = "lobby";
let leave = () => {};
let said = 0;

function make(tag: string, words: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = words;
  return made;
}

/** Whoever has no session any more logs in again; anything else is gone with the connection, and asked for on the next. */
function failed(problem: unknown): void {
  if (!(problem instanceof SwillError) || problem.code !== 401) return;
  sessionStorage.clear();
  location.reload();
}

// --- Rooms, and how much is unread in them

function unread({ name, last, read }: Room): number {
  if (name === current) return 0;
  return last.epoch === read.epoch ? Math.max(0, last.offset - read.offset) : last.offset;
}

function showRooms(): void {
  const all = [...rooms.values()];
  element("rooms").replaceChildren(
    ...all.map((room) => {
      const button = make("button", room.name);
      button.append(make("span", `${unread(room) || ""}`));
      button.ariaCurrent = `${room.name === current}`;
      button.onclick = () => enter(room.name);
      return button;
    }),
  );
  const sum = all.reduce((count, room) => count + unread(room), 0);
  document.title = sum ? `(${sum}) Swill chat` : "Swill chat";
}

async function loadRooms(): Promise<void> {
  for (const room of await chat.rooms()) rooms.set(room.name, { ...room, read: unsent.get(room.name) ?? room.read });
  mark();
  showRooms();
}

/** The inbox says that something was said somewhere. What comes while it is closed is not in it, so each begins with the state of all rooms. */
async function followInbox(): Promise<void> {
  while (client.state.status !== "closed") {
    try {
      const inbox = client.stream<{ data?: Place }>("swill.inbox", null, { onLeading: () => void loadRooms().catch(failed) });
      for await (const { data } of inbox) {
        const room = data && rooms.get(data.room);
        if (room) room.last = data.at;
        else await loadRooms(); // some were missed
        showRooms();
      }
    } catch (problem) {
      failed(problem);
      await new Promise((resolve) => setTimeout(resolve, 200)); // the server may say for a while that it cannot
    }
  }
}

// --- The room that is open

let shown = start; // the position of the last message that is on the page
const unsent = new Map<Name, Position>();

/** Notes that everything on the page was read, and tells the server a moment later, as messages of history come at once. */
function mark(): void {
  const room = rooms.get(current);
  if (!room || shown === start || (room.read.epoch === shown.epoch && room.read.offset >= shown.offset)) return;
  room.read = shown;
  if (!unsent.size) setTimeout(() => {
    for (const [name, at] of unsent) chat.read({ room: name, at }).catch(failed);
    unsent.clear();
  }, 100);
  unsent.set(current, shown);
}

function showLine({ from, text, at }: Line): void {
  const shown = make("p", "");
  shown.append(make("b", `${from} `), text, make("time", at.toLocaleTimeString([], { timeStyle: "short" })));
  element("lines").append(shown);
  shown.scrollIntoView();
}

/** Who types, until a while after the last key, or until the message is there. */
const typists = new Map<string, ReturnType<typeof setTimeout>>();

function showTypist(who: string, types: boolean): void {
  clearTimeout(typists.get(who));
  typists.delete(who);
  if (types && who !== sessionStorage.getItem("name")) typists.set(who, setTimeout(showTypist, stay, who, false));
  element("typing").textContent = typists.size ? `${[...typists.keys()].join(", ")} typing …` : "";
}

/** Calls `f` with each event, until the function that this returns is called. */
function follow<T>(events: AsyncIterable<T>, f: (event: T) => void): () => void {
  const iterator = events[Symbol.asyncIterator]();
  void (async () => {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) f(next.value);
  })().catch(failed);
  return () => void iterator.return?.();
}

function enter(name: Name): void {
  leave();
  current = name;
  shown = start;
  element("lines").replaceChildren();
  for (const who of typists.keys()) showTypist(who, false);
  const people = presence(client, `room.${name}`);
  const ends = [
    follow(topic<Line>(client, `room.${name}`, { since: start }), ({ missed, data, position }) => {
      if (missed) return; // older than the history, or the place of what the start is not
      showLine(data);
      showTypist(data.from, false);
      shown = position;
      mark();
    }),
    follow(topic<string>(client, `typing.${name}`), ({ data }) => data && showTypist(data, true)),
    follow(people, (members) => {
      const names = [...new Set(members.map(({ user }) => user))].sort(); // who is here in two tabs is here once
      element("members").replaceChildren(...names.map((user) => make("div", user)));
    }),
  ];
  leave = () => ends.forEach((end) => end());
  showRooms();
  text.focus();
}

let typed = 0;
text.oninput = () => {
  if (Date.now() - typed < stay / 2) return;
  typed = Date.now();
  chat.typing({ room: current }).catch(failed);
};

element("say").onsubmit = (event) => {
  event.preventDefault();
  const words = text.value.trim();
  text.value = "";
  typed = 0;
  // With its key it is said once, however often the client has to send it.
  if (words) chat.say({ room: current, text: words, key: `${client.id} ${++said}` }).catch((problem) => {
    failed(problem);
    text.value ||= words;
  });
};

// --- Login

function begin(): void {
  element("login").hidden = true;
  element("chat").hidden = false;
  enter(current);
  void followInbox();
}

element("login").onsubmit = async (event) => {
  event.preventDefault();
  const name = element<HTMLInputElement>("name").value;
  sessionStorage.setItem("token", await chat.login(name));
  sessionStorage.setItem("name", name);
  begin();
};

client.subscribe(() => {
  document.body.dataset.state = client.state.status;
  element("state").textContent = client.state.status === "connected" ? "" : "connecting …";
});
await client.connect(new URL("/ws", location.href.replace(/^http/, "ws")), { timeoutMs: Infinity });
if (sessionStorage.getItem("token")) begin();
else element("login").hidden = false;
