/* Confirmation before what cannot be undone, and one submission per form. Pages work without this file: the server
   then asks on a page of its own (blueprint.py, ask_first). */
(function () {
  "use strict";
  var dialog = document.getElementById("ask");
  var waiting = null;

  function send(form, submitter) {
    var url = new URL(form.action);
    url.searchParams.delete("_ask");
    form.action = url.href;
    form.dataset.confirmed = "yes";
    form.requestSubmit(submitter || undefined);
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.dataset.confirm && form.dataset.confirmed !== "yes" && dialog && dialog.showModal) {
      event.preventDefault();
      waiting = { form: form, submitter: event.submitter };
      dialog.querySelector("#ask-question").textContent = form.dataset.confirm;
      dialog.querySelector("[data-answer=yes]").textContent = form.dataset.label || "确定";
      dialog.showModal();
      return;
    }
    if (form.method !== "post" || event.defaultPrevented) {
      return;
    }
    if (form.dataset.sent === "yes") {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    window.setTimeout(function () { form.dataset.sent = ""; form.dataset.confirmed = ""; }, 3000);
  });

  if (dialog) {
    dialog.addEventListener("click", function (event) {
      var answer = event.target.dataset.answer;
      if (!answer) {
        return;
      }
      dialog.close();
      if (answer === "yes" && waiting) {
        send(waiting.form, waiting.submitter);
      }
      waiting = null;
    });
  }

  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      form.dataset.sent = "";
      form.dataset.confirmed = "";
    });
  });

  document.addEventListener("change", function (event) {
    var name = event.target.dataset.checkAll;
    if (name) {
      document.querySelectorAll('input[type="checkbox"][name="' + name + '"]').forEach(function (box) {
        box.checked = event.target.checked;
      });
    }
  });

  /* What was typed in a form for one code after another is taken away once it was sent. */
  document.addEventListener("htmx:afterRequest", function (event) {
    var form = event.target.closest && event.target.closest("form[data-clear]");
    if (form && event.detail.successful) {
      form.reset();
      form.dataset.sent = "";
      form.querySelector("input:not([type=hidden])").focus();
    }
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) {
      window.print();
    }
  });
})();
