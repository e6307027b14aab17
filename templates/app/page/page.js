// The page. api.js is made of what the program says about itself: `swill dev` makes it anew.
import { Client, topic } from "@swill/swill";
import { api } from "./api.js";

const client = new Client();
client.connect(location.origin.replace("http", "ws") + "/ws").catch(show);
const { greet, visits } = api(client)["@NAME@"];

function show(text) {
  document.querySelector("#answer").textContent = text.message ?? text;
}

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = new FormData(event.target).get("name");
  try {
    show(`${await greet({ name })} This is visit ${await visits({ name })}.`);
  } catch (problem) {
    show(problem);
  }
});

// What is said to anybody, on whatever page; after a lost connection it goes on where it was.
for await (const event of topic(client, "greetings")) {
  const line = document.createElement("li");
  line.textContent = event.data;
  document.querySelector("#greetings").prepend(line);
}
