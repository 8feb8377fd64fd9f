/* Dragging a push to another day of the calendar. The link "改时间" beside it does the same without a mouse. */
(function () {
  "use strict";
  var table = document.getElementById("calendar");
  var form = document.getElementById("calendar-move");
  var dragged = null;
  if (!table || !form) {
    return;
  }

  function cell(event) {
    return event.target.closest && event.target.closest("td[data-day]");
  }
  function mark(here) {
    table.querySelectorAll(".calendar-over").forEach(function (one) { one.classList.remove("calendar-over"); });
    if (here) {
      here.classList.add("calendar-over");
    }
  }

  table.addEventListener("dragstart", function (event) {
    dragged = event.target.closest("[data-move]");
    if (dragged) {
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", dragged.dataset.move);
    }
  });
  table.addEventListener("dragover", function (event) {
    if (dragged && cell(event)) {
      event.preventDefault();
      mark(cell(event));
    }
  });
  table.addEventListener("dragend", function () {
    dragged = null;
    mark(null);
  });
  table.addEventListener("drop", function (event) {
    var here = cell(event);
    event.preventDefault();
    if (!dragged || !here || here.contains(dragged)) {
      return;
    }
    form.action = dragged.dataset.move;
    form.elements.day.value = here.dataset.day;
    form.requestSubmit();
  });
})();
