// Bring the next question into view when an answer was given; not when the page first opens. Focus
// goes to its heading: the button that was pressed lies below, so that keys would go on from there.
const asked = new Map();

export default function ({ data }) {
  if (asked.has("token") && asked.get("token") !== data.token) {
    const top = document.querySelector(".st-key-test_top");
    if (top) {
      top.style.scrollMarginTop = "5rem"; // below the header, which lies over the page
      top.scrollIntoView({ block: "start" });
    }
    const heading = document.querySelector(".st-key-test_question h3");
    if (heading) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
  }
  asked.set("token", data.token);
}
