/* A known place, once chosen, fills the place and its coordinates; both can still be changed. Without this file the
   server fills them when the form is saved. */
(function () {
  "use strict";
  var chosen = document.getElementById("field-known_place");
  if (!chosen) {
    return;
  }
  chosen.addEventListener("input", function () {
    document.querySelectorAll("#known-places option").forEach(function (option) {
      if (option.value === chosen.value) {
        document.getElementById("field-place").value = option.dataset.place;
        document.getElementById("field-place_at").value = option.dataset.at;
        chosen.value = "";
        document.getElementById("field-place").focus();
      }
    });
  });
})();
