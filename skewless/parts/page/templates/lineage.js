// Shows what a box of a lineage is made of and what is made of it, as long as it is pointed at or focused.
"use strict";
for (const picture of document.querySelectorAll("svg.lineage")) {
  const boxes = new Map([...picture.querySelectorAll(".box")].map(box => [box.dataset.name, box]));
  const lines = [...picture.querySelectorAll(".line")];

  const follow = (name, here, there, been = new Set()) => {
    if (been.has(name)) return;
    been.add(name);
    boxes.get(name).classList.add("told");
    for (const line of lines.filter(line => line.dataset[here] === name)) {
      line.classList.add("told");
      follow(line.dataset[there], here, there, been);
    }
  };
  const show = name => {
    picture.classList.add("telling");
    follow(name, "to", "from");
    follow(name, "from", "to");
  };
  const hide = () => {
    picture.classList.remove("telling");
    for (const each of picture.querySelectorAll(".told")) each.classList.remove("told");
  };
  for (const [name, box] of boxes) {
    for (const event of ["mouseenter", "focus"]) box.addEventListener(event, () => (hide(), show(name)));
    for (const event of ["mouseleave", "blur"]) box.addEventListener(event, hide);
  }
}
