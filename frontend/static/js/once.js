// form[method=post]: a second press within a moment is the first one again, and sends nothing.
const MOMENT = 3000;
const sentAt = new WeakMap();

document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (event.timeStamp < sentAt.get(event.target) + MOMENT) event.preventDefault();
  else sentAt.set(event.target, event.timeStamp);
});
