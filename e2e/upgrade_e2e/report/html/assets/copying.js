// Tables as TSV, for a spreadsheet.

// A cell is copied as its data-tsv where it has one: bare numbers in the unit that its head names.
// Folded rows are copied too, but not the line that they are behind.
function asTsv(table) {
  const plain = (cell) => (cell.dataset.tsv ?? cell.textContent).trim().replace(/\s+/g, " ");
  const rows = [...table.rows].filter((row) => !row.closest(".fold"));
  return rows.map((row) => [...row.cells].map(plain).join("\t")).join("\n");
}

async function copy(text) {
  if (navigator.clipboard && isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

function listenToCopying(say) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      const before = button.textContent;
      try {
        await copy(asTsv(byId(button.dataset.copy)));
        button.textContent = "Copied";
      } catch {
        button.textContent = "The browser did not allow it";
      }
      say(button.textContent);
      setTimeout(() => (button.textContent = before), 1500);
    });
  }
}
