/* Moving an entry with a mouse, or with a finger that was held on it: what the calendar and a column's queue share.
   dragWithin(place, entries, hooks): `entries` is a selector inside `place`; hooks, all with the entry first:
   over(entry, x, y) as the hand moves, drop(entry, x, y) when it lets go, end(entry, dropped) in any case. While
   something is dragged, `place` has the class drag-on. */
(function () {
  "use strict";
  var HOLD = 350; // ms a finger rests before it drags; before that it scrolls
  var SLACK = 8; // px a hand may tremble
  var EDGE = 60; // px from the window's edge where the page scrolls along

  function scroll(by) {
    window.scrollBy({ top: by, behavior: "instant" });
  }

  /* What comes into view above the entry must not move it from under the finger. */
  function holdStill(entry, change) {
    var top = entry.getBoundingClientRect().top;
    change();
    scroll(entry.getBoundingClientRect().top - top);
  }

  function stop(event) {
    event.preventDefault();
    event.stopPropagation();
  }

  window.dragWithin = function (place, entries, hooks) {
    var pressed = null; // {entry, x, y, timer, touch}
    var dragged = null; // {entry, ghost, x, y: of the hand, left, top: of the hand on the entry, moved, scroll}

    function show() {
      dragged.ghost.style.transform =
        "translate(" + (dragged.x - dragged.left) + "px," + (dragged.y - dragged.top) + "px)";
      hooks.over(dragged.entry, dragged.x, dragged.y);
    }

    function scrollAlong() {
      var step = !dragged.moved ? 0 : dragged.y < EDGE ? -12 : dragged.y > window.innerHeight - EDGE ? 12 : 0;
      if (step) {
        scroll(step);
        show();
      }
    }

    function start() {
      var entry = pressed.entry;
      var box = entry.getBoundingClientRect();
      var ghost = entry.cloneNode(true);
      ghost.setAttribute("aria-hidden", "true");
      ghost.classList.add("drag-ghost");
      ghost.style.width = entry.offsetWidth + "px";
      document.body.appendChild(ghost);
      holdStill(entry, function () { place.classList.add("drag-on"); });
      entry.classList.add("drag-lifted");
      dragged = {
        entry: entry, ghost: ghost, x: pressed.x, y: pressed.y, left: pressed.x - box.left, top: pressed.y - box.top,
        moved: false, scroll: window.setInterval(scrollAlong, 30)
      };
      show();
    }

    function letGo(dropped) {
      var was = dragged;
      if (pressed) {
        window.clearTimeout(pressed.timer);
      }
      pressed = dragged = null;
      if (!was) {
        return;
      }
      window.clearInterval(was.scroll);
      was.ghost.remove();
      was.entry.classList.remove("drag-lifted");
      hooks.end(was.entry, dropped);
      holdStill(was.entry, function () { place.classList.remove("drag-on"); });
    }

    place.addEventListener("pointerdown", function (event) {
      var entry = event.target.closest(entries);
      if (!entry || event.target.closest("button") || event.button !== 0 || !event.isPrimary) {
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
          letGo(false); // it scrolls
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
      if (dragged) {
        document.addEventListener("click", stop, { capture: true, once: true });
        window.setTimeout(function () { document.removeEventListener("click", stop, true); }, 50);
        hooks.drop(dragged.entry, dragged.x, dragged.y);
      }
      letGo(true);
    });
    document.addEventListener("pointercancel", function () { letGo(false); });
    document.addEventListener("keydown", function (event) {
      if (event.key === "Escape") {
        letGo(false);
      }
    });

    place.addEventListener("dragstart", function (event) { event.preventDefault(); });
    place.addEventListener("selectstart", function (event) {
      if (pressed) {
        event.preventDefault();
      }
    });
    place.addEventListener("contextmenu", function (event) { // what a long touch on a link brings
      if (dragged || (pressed && pressed.touch)) {
        event.preventDefault();
      }
    });
    place.addEventListener("touchmove", function (event) {
      if (dragged) {
        event.preventDefault(); // no scrolling under the finger
      }
    }, { passive: false });
  };
})();
