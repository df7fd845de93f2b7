"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const count = document.getElementById("count");
  const save = document.getElementById("save");
  let saved = true;

  const marked = () => {
    const pairs = new Map();
    const add = (kind, one, other) => {
      const [first, second] = one[0] < other[0] ? [one, other] : [other, one];
      pairs.set(`${first[0]} ${second[0]}`, {
        kind, first: first[0], second: second[0], first_uri: first[1], second_uri: second[1],
      });
    };
    for (const group of document.querySelectorAll(".group")) {
      const members = data.groups[group.dataset.group];
      const [best, ...others] = members;
      if (group.querySelector(".whole input").checked) {
        for (const other of others) add("ignore", best, other);
        continue;
      }
      for (const input of group.querySelectorAll("input[type=radio]:checked")) {
        if (!input.value) continue;
        const id = Number(input.closest("li").dataset.id);
        const member = members.find((one) => one[0] === id);
        if (input.value === "keep") add("keep", best, member);
        else for (const other of members) if (other !== member) add("different", member, other);
      }
    }
    return [...pairs.values()];
  };

  const show = () => {
    for (const group of document.querySelectorAll(".group")) {
      group.classList.toggle("ignored", group.querySelector(".whole input").checked);
      for (const item of group.querySelectorAll("li[data-id]")) {
        const input = item.querySelector("input:checked");
        item.dataset.mark = input ? input.value : "";
      }
    }
    const marks = document.querySelectorAll(
      ".whole input:checked, input[type=radio]:checked:not([value=''])").length;
    count.textContent = marks === 0 ? "Nothing is marked." :
      marks === 1 ? "1 decision." : `${marks.toLocaleString("en")} decisions.`;
    save.disabled = marks === 0;
    saved = marks === 0;
  };

  save.addEventListener("click", () => {
    const text = JSON.stringify({format: data.format, version: 1, decisions: marked()}, null, 1);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], {type: "application/json"}));
    link.download = "decisions.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    saved = true;
    count.textContent = `Saved: ${data.command}`;
  });
  document.addEventListener("change", show);
  addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
  show();
})();
