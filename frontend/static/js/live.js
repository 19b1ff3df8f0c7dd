// data-live: asks for news only while somebody looks, and at once when they come back.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-live]")) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.querySelectorAll("[data-live]").forEach((each) => each.dispatchEvent(new Event("look")));
});
