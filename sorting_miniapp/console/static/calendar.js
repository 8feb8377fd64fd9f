/* A push dragged to another day of the calendar (drag.js). The link "改时间" beside it does the same without either
   hand. On a phone the days without an entry come into view while something is dragged (console.css). */
(function () {
  "use strict";
  var table = document.getElementById("calendar");
  var form = document.getElementById("calendar-move");
  if (!table || !form) {
    return;
  }

  function day(x, y) {
    var under = document.elementFromPoint(x, y);
    return under && under.closest("td[data-day]");
  }

  function light(here) {
    table.querySelectorAll(".calendar-over").forEach(function (one) { one.classList.remove("calendar-over"); });
    if (here) {
      here.classList.add("calendar-over");
    }
  }

  window.dragWithin(table, "[data-move]", {
    over: function (entry, x, y) { light(day(x, y)); },
    drop: function (entry, x, y) {
      var here = day(x, y);
      if (here && !here.contains(entry)) {
        form.action = entry.dataset.move;
        form.elements.day.value = here.dataset.day;
        form.requestSubmit();
      }
    },
    end: function () { light(null); }
  });
})();
