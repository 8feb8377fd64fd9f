/* A queue put in another order by dragging (drag.js). Buttons beside each entry do the same without a hand on it. */
(function () {
  "use strict";
  var list = document.getElementById("queue");
  var form = document.getElementById("queue-order");
  var before;
  if (!list || !form) {
    return;
  }

  function ids() {
    return Array.from(list.children).map(function (item) { return item.dataset.article; }).join(",");
  }
  before = ids();

  function isBelow(one, other) {
    return Boolean(other.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
  }

  /* The others pass the entry, which stays where it is in the document: a finger's events end with what it touched. */
  function pass(entry, over, y) {
    var box = over.getBoundingClientRect();
    var lower = y > box.top + box.height / 2;
    while (lower && isBelow(over, entry)) {
      list.insertBefore(entry.nextElementSibling, entry);
    }
    while (!lower && isBelow(entry, over)) {
      list.insertBefore(entry.previousElementSibling, entry.nextElementSibling);
    }
  }

  window.dragWithin(list, "li", {
    over: function (entry, x, y) {
      var under = document.elementFromPoint(x, y);
      var item = under && under.closest("#queue > li");
      if (item && item !== entry) {
        pass(entry, item, y);
      }
    },
    drop: function () {
      if (ids() !== before) {
        form.elements.order.value = ids();
        form.requestSubmit();
      }
    },
    end: function (entry, dropped) {
      if (!dropped) { // let alone: as it was
        before.split(",").forEach(function (id) {
          list.appendChild(list.querySelector('[data-article="' + id + '"]'));
        });
      }
    }
  });
})();
