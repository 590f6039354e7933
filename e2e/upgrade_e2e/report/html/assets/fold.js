// Scenarios that held or were skipped are folded behind a line that counts them.

// The page comes unfolded, so that nothing is out of reach where scripts are switched off.
function listenToFold() {
  const table = byId("scenarios-table");
  const button = table?.querySelector(".fold button");
  if (!button) return;
  const rows = byId(button.getAttribute("aria-controls"));
  const isOpen = () => table.dataset.fold === "open";
  const settle = (open) => {
    table.dataset.fold = open ? "open" : "closed";
    button.setAttribute("aria-expanded", String(open));
  };
  const holds = (hash) => hash.length > 1 && rows.contains(byId(hash.slice(1)));
  button.addEventListener("click", () => settle(!isOpen()));
  // Open before the browser follows the link, so that it finds the row to scroll to.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (link && holds(link.hash)) settle(true);
  });
  // An address that was typed, or gone back to: the browser found nothing to scroll to.
  addEventListener("hashchange", () => {
    if (isOpen() || !holds(location.hash)) return;
    settle(true);
    byId(location.hash.slice(1)).scrollIntoView();
  });
  settle(holds(location.hash));
}
