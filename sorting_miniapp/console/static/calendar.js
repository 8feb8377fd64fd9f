/* Dragging a push to another day of the calendar, with a mouse or with a finger held on it. The link "改时间" beside it
   does the same without either. On a phone the days without an entry come into view while something is dragged. */
(function () {
  "use strict";
  var HOLD = 350; // ms a finger rests before it drags; before that it scrolls
  var SLACK = 8; // px a hand may tremble
  var EDGE = 60; // px from the window's edge where the page scrolls along
  var table = document.getElementById("calendar");
  var form = document.getElementById("calendar-move");
  var pressed = null; // {entry, x, y, timer, touch}
  var dragged = null; // {entry, ghost, x, y: of the hand, left, top: of the hand on the entry, moved, scroll}
  if (!table || !form) {
    return;
  }

  function cell(x, y) {
    var under = document.elementFromPoint(x, y);
    return under && under.closest("td[data-day]");
  }

  function show() {
    var here = cell(dragged.x, dragged.y);
    dragged.ghost.style.transform = "translate(" + (dragged.x - dragged.left) + "px," + (dragged.y - dragged.top) + "px)";
    table.querySelectorAll(".calendar-over").forEach(function (one) { one.classList.remove("calendar-over"); });
    if (here) {
      here.classList.add("calendar-over");
    }
  }

  function scroll(by) {
    window.scrollBy({ top: by, behavior: "instant" });
  }

  function scrollAlong() {
    var step = !dragged.moved ? 0 : dragged.y < EDGE ? -12 : dragged.y > window.innerHeight - EDGE ? 12 : 0;
    if (step) {
      scroll(step);
      show();
    }
  }

  /* Days that come into view above the entry must not move it from under the finger. */
  function holdStill(entry, change) {
    var top = entry.getBoundingClientRect().top;
    change();
    scroll(entry.getBoundingClientRect().top - top);
  }

  function start() {
    var entry = pressed.entry;
    var box = entry.getBoundingClientRect();
    var ghost = entry.cloneNode(true);
    ghost.classList.add("calendar-ghost");
    ghost.style.width = entry.offsetWidth + "px";
    document.body.appendChild(ghost);
    holdStill(entry, function () { table.classList.add("calendar-dragging"); });
    entry.classList.add("calendar-lifted");
    dragged = {
      entry: entry, ghost: ghost, x: pressed.x, y: pressed.y, left: pressed.x - box.left, top: pressed.y - box.top,
      moved: false, scroll: window.setInterval(scrollAlong, 30)
    };
    show();
  }

  function letGo() {
    if (pressed) {
      window.clearTimeout(pressed.timer);
    }
    pressed = null;
    if (!dragged) {
      return null;
    }
    var was = dragged;
    window.clearInterval(was.scroll);
    was.ghost.remove();
    was.entry.classList.remove("calendar-lifted");
    dragged = null;
    table.querySelectorAll(".calendar-over").forEach(function (one) { one.classList.remove("calendar-over"); });
    holdStill(was.entry, function () { table.classList.remove("calendar-dragging"); });
    return was;
  }

  table.addEventListener("pointerdown", function (event) {
    var entry = event.target.closest("[data-move]");
    if (!entry || event.button !== 0 || !event.isPrimary) {
      return;
    }
    pressed = { entry: entry, x: event.clientX, y: event.clientY, touch: event.pointerType === "touch" };
    pressed.timer = pressed.touch ? window.setTimeout(start, HOLD) : 0;
  });
  document.addEventListener("pointermove", function (event) {
    if (!pressed || !event.isPrimary) {
      return;
    }
    if (!dragged && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > SLACK) {
      if (pressed.touch) {
        letGo(); // it scrolls
        return;
      }
      start();
    }
    if (dragged) {
      dragged.moved = true;
      dragged.x = event.clientX;
      dragged.y = event.clientY;
      show();
    }
  });
  document.addEventListener("pointerup", function () {
    var here = dragged && cell(dragged.x, dragged.y);
    var was = letGo();
    if (!was) {
      return;
    }
    document.addEventListener("click", stop, { capture: true, once: true });
    window.setTimeout(function () { document.removeEventListener("click", stop, true); }, 50);
    if (!here || here.contains(was.entry)) {
      return;
    }
    form.action = was.entry.dataset.move;
    form.elements.day.value = here.dataset.day;
    form.requestSubmit();
  });
  document.addEventListener("pointercancel", letGo);
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      letGo();
    }
  });

  function stop(event) {
    event.preventDefault();
    event.stopPropagation();
  }
  function unlessHeld(event) {
    if (dragged || (pressed && pressed.touch)) {
      event.preventDefault();
    }
  }
  table.addEventListener("dragstart", function (event) { event.preventDefault(); });
  table.addEventListener("selectstart", function (event) {
    if (pressed) {
      event.preventDefault();
    }
  });
  table.addEventListener("contextmenu", unlessHeld); // what a long touch on a link brings
  table.addEventListener("touchmove", function (event) {
    if (dragged) {
      event.preventDefault(); // no scrolling under the finger
    }
  }, { passive: false });
})();
