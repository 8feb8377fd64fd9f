/* Choosing one of the offered items writes its name into the field beside them. */
(function () {
  "use strict";
  document.addEventListener("change", function (event) {
    var field = event.target.dataset.fill && event.target.form.elements[event.target.dataset.fill];
    if (field) {
      field.value = event.target.value;
    }
  });
})();
