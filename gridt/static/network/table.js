// The network as a table: the same data for readers who do not see or want the picture.

/** the number of rows that are added at a time */
const PAGE = 100;

export class Table {
  /** @param onChoice gets the id of a member whose name is pressed; without it, names are text */
  constructor(rows, more, network, onChoice) {
    Object.assign(this, { rows, more, network, onChoice, left: network.inOrder() });
    rows.replaceChildren();
    more.onclick = () => this.grow();
    this.grow();
  }

  grow() {
    const added = this.left.splice(0, PAGE).map((member) => this.row(member));
    this.rows.append(...added);
    this.more.hidden = this.left.length === 0;
    this.more.textContent = `Show ${Math.min(PAGE, this.left.length)} more of ${this.left.length.toLocaleString("en")}`;
  }

  row(member) {
    const { network } = this;
    const row = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    name.append(this.name(member.id));
    row.append(
      name,
      cell(network.relation(member.id)),
      cell(member.live ? "live" : "silent", member.live ? "live" : "silent"),
      cell(member.followers.length),
      cell(member.leaders.map((id) => network.shortName(id)).join(" ")),
    );
    return row;
  }

  name(id) {
    const known = this.network.known.get(id);
    const text = known === undefined ? String(id) : `${known} (${id})`;
    if (!this.onChoice) return text;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", () => this.onChoice(id));
    return button;
  }
}

function cell(text, className = "") {
  const made = document.createElement("td");
  made.textContent = text;
  made.className = className;
  return made;
}
