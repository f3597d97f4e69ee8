// The page behind the one-time link: asks whether a setup is needed, then makes the first owner.
const state = document.getElementById("state");
const form = document.getElementById("form");
const token = new URLSearchParams(location.search).get("token") ?? undefined;

const say = (text) => { state.textContent = text; };
const told = (problem) =>
  [problem.detail ?? problem.title, ...(problem.errors ?? []).map((error) => `${error.pointer}: ${error.detail}`)].join(" ");

const look = async () => {
  const answer = await fetch("/api/v1/setup");
  const setup = await answer.json();
  if (!answer.ok) return say(told(setup));
  if (!setup.needed) return say("This install is set up already.");
  form.elements.password.minLength = setup.passwordMinChars;
  form.hidden = false;
  say(setup.encrypted ? "Make the first owner." : "Make the first owner. This connection is not encrypted.");
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  say("Setting up …");
  const body = JSON.stringify({ ...Object.fromEntries(new FormData(form)), token });
  const answer = await fetch("/api/v1/setup", { method: "POST", headers: { "content-type": "application/json" }, body });
  const done = await answer.json();
  if (!answer.ok) return say(told(done));
  form.hidden = true;
  say("");
  document.getElementById("key").textContent = done.apiKey;
  document.getElementById("done").hidden = false;
});

look().catch(() => say("The server does not answer."));
