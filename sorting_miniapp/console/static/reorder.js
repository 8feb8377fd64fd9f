/* A queue put in another order by dragging. Buttons beside each entry do the same without a mouse. */
(function () {
  "use strict";
  var list = document.getElementById("queue");
  var form = document.getElementById("queue-order");
  var dragged = null;
  if (!list || !form) {
    return;
  }

  function ids() {
    return Array.from(list.children).map(function (item) { return item.dataset.article; }).join(",");
  }
  var before = ids();

  list.addEventListener("dragstart", function (event) {
    dragged = event.target.closest("li");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.article);
  });
  list.addEventListener("dragover", function (event) {
    var over = event.target.closest("li");
    event.preventDefault();
    if (!dragged || !over || over === dragged) {
      return;
    }
    var box = over.getBoundingClientRect();
    list.insertBefore(dragged, event.clientY < box.top + box.height / 2 ? over : over.nextSibling);
  });
  list.addEventListener("drop", function (event) { event.preventDefault(); });
  list.addEventListener("dragend", function () {
    dragged = null;
    if (ids() !== before) {
      form.elements.order.value = ids();
      form.requestSubmit();
    }
  });
})();
