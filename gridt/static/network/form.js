// The log-in form. Each error stands at its field, in words.

const EMPTY = {
  username: "Type your username or your e-mail address.",
  password: "Type your password.",
};

export class Form {
  /** @param onFilled gets the username and the password, and returns a promise */
  constructor(element, onFilled) {
    this.element = element;
    this.fields = ["username", "password"].map((name) => element.elements[name]);
    this.button = element.querySelector("button");
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit(onFilled);
    });
  }

  async submit(onFilled) {
    if (this.button.getAttribute("aria-disabled") === "true") return;
    const empty = this.fields.filter((field) => !field.value);
    for (const field of this.fields) this.complain(field.name, field.value ? "" : EMPTY[field.name]);
    if (empty.length) return empty[0].focus();
    this.wait(true);
    try {
      await onFilled(...this.fields.map((field) => field.value));
    } finally {
      this.wait(false);
    }
  }

  /** Show an error at a field, or none. */
  complain(name, text) {
    const field = this.element.elements[name];
    const place = document.getElementById(`${name}-problem`);
    place.textContent = text;
    place.hidden = !text;
    if (text) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }

  show() {
    for (const field of this.fields) this.complain(field.name, "");
    this.element.elements.password.value = "";
    this.element.hidden = false;
    (this.fields.find((field) => !field.value) ?? this.fields[0]).focus();
  }

  hide() {
    this.element.hidden = true;
  }

  /** A button that is disabled would lose the focus. */
  wait(waits) {
    this.button.setAttribute("aria-disabled", String(waits));
  }
}
